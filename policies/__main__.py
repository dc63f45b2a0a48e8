"""The policy pack, as Pulumi starts it: `pulumi preview --policy-pack policies`."""

import sys

from trivium_policies.pack import main

sys.exit(main())
