from chores import Chores
from managers import PCManFM


class TestPCManFM(Chores):
    manager = PCManFM
