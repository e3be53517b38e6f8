"""The one hierarchy of errors that evozc raises on purpose.

Every message says what is wrong, where, and what to do about it. The command
line prints the message alone and exits with the class's ``exit_code``.
"""


class PlugInWarning(UserWarning):
    """Something that another package offers is broken, and is left out."""


class EvozcError(Exception):
    """Base of all errors that a user can cause and can mend."""

    exit_code = 2


class ConfigError(EvozcError):
    """A setting or a command-line option that cannot be used."""


class DataError(EvozcError):
    """A data file, table, architecture or target that cannot be used."""

    exit_code = 3


class FormulaError(EvozcError):
    """A formula, operator or statistic that is not valid."""

    exit_code = 4


class CheckpointError(EvozcError):
    """A run folder whose contents cannot be read or continued."""

    exit_code = 5


class WorkerError(EvozcError):
    """Work that failed in a worker process."""

    exit_code = 6


class SearchExhaustedError(EvozcError):
    """A search that can find no further candidate that passes its rules."""

    exit_code = 7
