"""The failures a person can mend; the command line prints their message and nothing else."""

from limits.errors import ConfigurationError

from bot.assistant.model import ModelSettingsError
from bot.channels.telegram import TelegramTokenError
from knowledge.cardfile import CardFileError
from knowledge.database import DatabaseError
from knowledge.spreadsheet import SpreadsheetError
from knowledge.store import ExampleCardError, UnknownCardError
from prompts import PromptError
from retrieval.embedder import EmbedderError

EXPECTED = (
    CardFileError,
    DatabaseError,
    UnknownCardError,
    ExampleCardError,
    SpreadsheetError,
    PromptError,
    EmbedderError,
    ModelSettingsError,
    ConfigurationError,
    TelegramTokenError,
    OSError,
)
