from chores import Chores
from managers import Nautilus


class TestNautilus(Chores):
    manager = Nautilus
