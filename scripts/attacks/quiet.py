"""For attacks that come when the well-behaved client has pushed something."""

import time

from .attack import Settings


def go_on(settings: Settings) -> list[str]:
    time.sleep(min(settings.seconds, 5))
    return []
