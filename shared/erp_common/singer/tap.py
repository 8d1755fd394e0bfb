"""The tap that every tap is: the SDK's, reading books instead of endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.exceptions import ConfigurationError, MappingError, StreamMapConfigError
from singer_sdk.mapper import CustomStreamMap
from typing_extensions import override

from erp_common.setup.schema import schema
from erp_common.singer.base import S, TapBase
from erp_common.singer.capturing import capture_options
from erp_common.singer.cli import LedgerCommand, authorize_option, health_check_option
from erp_common.singer.streams import STREAMS, LedgerStream, ToldMap

if TYPE_CHECKING:
    from singer_sdk.streams import Stream


class LedgerTap(TapBase[S]):
    """Base of the taps; a tap says what its ERP looks like: `settings_class`, `source`."""

    stream_classes: ClassVar[tuple[type[LedgerStream], ...]] = STREAMS

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - as Python has it
        """Describe the tap's settings as the SDK wants them described."""
        super().__init_subclass__(**kwargs)
        cls.defaults = cls.settings_class.defaults
        cls.config_jsonschema = schema(cls.settings_class)

    @override
    def discover_streams(self) -> list[Stream]:
        return [stream(self) for stream in self.stream_classes]

    @override
    def setup_mapper(self) -> None:
        """Set the stream maps up; what fails of them is told as theirs, here and row by row."""
        try:
            super().setup_mapper()
        except (ConfigurationError, MappingError):
            raise
        except Exception as error:
            if not self.config.get("stream_maps"):
                raise
            raise StreamMapConfigError(
                f"they have another form than the SDK's ({type(error).__name__}: {error})"
            ) from error
        for maps in self.mapper.stream_maps.values():
            for one in maps:
                if isinstance(one, CustomStreamMap):
                    one.__class__ = ToldMap

    @classmethod
    @override
    def get_singer_command(cls) -> LedgerCommand:
        command = super().get_singer_command()
        command.__class__ = LedgerCommand
        command = cast("LedgerCommand", command)
        command.tap_class = cls
        command.params += [
            health_check_option(cls),
            authorize_option(cls),
            *capture_options(cls),
        ]
        return command
