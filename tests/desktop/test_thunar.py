from chores import Chores
from managers import Thunar


class TestThunar(Chores):
    manager = Thunar
