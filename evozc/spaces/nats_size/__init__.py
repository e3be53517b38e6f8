"""The size space of NATS-Bench: :class:`NatsSize`."""

from evozc.spaces.nats_size._space import NatsSize

__all__ = ["NatsSize"]
