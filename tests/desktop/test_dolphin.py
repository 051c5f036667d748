from chores import Chores
from managers import Dolphin


class TestDolphin(Chores):
    manager = Dolphin
