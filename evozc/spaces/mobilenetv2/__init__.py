"""The MobileNetV2 space of ZiCo and AZ-NAS: :class:`MobileNetV2`."""

from evozc.spaces.mobilenetv2._space import MobileNetV2

__all__ = ["MobileNetV2"]
