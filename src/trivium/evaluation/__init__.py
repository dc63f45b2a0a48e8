"""Evaluation: how a governed deployment fares against scenarios, and how sure that is.

Suites of scenarios are asked of the deployment itself, judged by judges whose error was
measured, and reported with intervals; a gate holds the run against criteria that were
registered before it. Nothing here is imported by the client.
"""
