"""Settings: attributes that are checked whenever they are set, or stay as they were made."""

from types import MappingProxyType

from . import arguments


class Setting:
    """An attribute that is checked whenever it is set: to `check(object, name, value)`."""

    def __init__(self, check):
        self.check = check

    def __set_name__(self, owner, name):
        self.name = name

    def __set__(self, instance, value):
        vars(instance)[self.name] = self.check(instance, self.name, value)

    def __get__(self, instance, owner):
        if instance is None:
            return self
        if self.name not in vars(instance):
            raise AttributeError(f"{type(instance).__name__} has no {self.name} yet; expected "
                                 f"super().__init__(...) in its __init__")
        return self.read(vars(instance)[self.name])

    def read(self, value):
        """What is read of the value that is kept."""
        return value


class WithSettings:
    """A class with Settings; a subclass's class body may not hide one behind a value.

    The value would go unread where __init__ sets the attribute, and unchecked where it does not.
    """

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name, value in vars(cls).items():
            above = [vars(base).get(name) for base in cls.__mro__[1:]]
            settable = hasattr(value, "__set__")  # such as another Setting, or a property
            if not settable and any(isinstance(base, Setting) for base in above):
                raise TypeError(f"{cls.__name__} has {name} = {arguments.shown(value)} in its "
                                f"class body; expected it in __init__, as an argument of "
                                f"super().__init__")


class Listed(Setting):
    """A Setting that is a list: what is read is a copy, since a change of it would be no change."""

    def read(self, value):
        """A copy."""
        return list(value)


class Mapping(Setting):
    """A Setting that is a dict: what is read cannot be changed, an attempt is an error."""

    def read(self, value):
        """A view, for reading alone."""
        return MappingProxyType(value)


def whole(minimum):
    """A Setting that is a whole number of at least so much."""
    return Setting(lambda _, name, value: arguments.whole_number(name, value, minimum))


def real(**bounds):
    """A Setting that is a number within the bounds, as for `number`."""
    return Setting(lambda _, name, value: arguments.number(name, value, **bounds))


def truth():
    """A Setting that is True or False."""
    return Setting(lambda _, name, value: arguments.flag(name, value))


def in_layout(check):
    """A Setting that the layout of ω depends on: `check(name, value)`; then it stays as it is."""
    return until("layout", check, "is part of the layout of omega")


def until(made, check, reason="cannot be changed later"):
    """A Setting, `check(name, value)`, until what depends on it is made, the attribute `made`."""
    def before(instance, name, value):
        if made in vars(instance):
            raise AttributeError(f"{name} {reason}; expected another "
                                 f"{type(instance).__name__}(..., {name}={arguments.shown(value)})")
        return check(name, value)

    return Setting(before)
