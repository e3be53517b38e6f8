"""Tasks of a module that workers can import."""

import os
import signal

from evozc.errors import DataError


def halve_even(number):
    """A task of which some fail by one of our own errors."""
    if number % 2:
        raise DataError(f"{number} is odd")
    return number // 2


def die_at_two(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(folder, number):
    """The first to come here kills its worker."""
    with open(folder / "tries", "a") as tries:
        tries.write(f"{number}\n")
    if number == 1:
        try:
            (folder / "died").touch(exist_ok=False)
        except FileExistsError:
            return number
        os.kill(os.getpid(), signal.SIGKILL)
    return number
