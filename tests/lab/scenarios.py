"""The behaviours of the scripted gateway, by name.

SCENARIOS maps a name to a Scenario; its `run` gets the accepted Connection. A scenario that returns leaves closing to
the gateway. The two modules put theirs into the registry when they are imported.
"""

from tests.lab import acts, scenarios_session, scenarios_start

SCENARIOS = acts.SCENARIOS
MODULES = (scenarios_start, scenarios_session)
