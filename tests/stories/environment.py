"""Each scenario has a server and a city of its own, so that none depends on another."""
from world import World


def before_scenario(context, _):
    context.world = World()


def after_scenario(context, scenario):
    try:
        if scenario.status == "passed":
            context.world.require_expected()
    finally:
        context.world.end()
