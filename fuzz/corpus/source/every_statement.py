try: x
except E as e: y
except (A,B): z
except* Q: w
else: a
finally: b
with open(f) as g, h: pass
with (a as b, c): pass
def f(a, /, b:int=1, *args, c=2, **kw) -> int: return a, b
a = b = c = 1, 2
x: int = 3
a, *b = c
x[1:2, ..., None, ::3]
a < b <= c not in d is not e
f(x for x in y if z)
f(*a, **b, c=1)
print(f"a{x!r:>{w}}b{{" "c" rb'd' f'{x=}')
match x:
    case [1, 2] | {"a": b} if z: pass
    case Point(x=0) as p: pass
    case _: pass
lambda x, *y, z=1: x
@d.e(1)
async def g(): await x; yield from y
del a, b[1]
raise X from Y
assert a, b
from . import (a as b, c)
from ..x.y import *
import a.b, c as d
[*a, 1]; {**a, 'b': 1}; {1, *x}
a if b else c
(y := 5)
global q, r
if a: b
elif c: d
else: e
for i, j in x: pass
else: k
type X = int
class C(A, metaclass=M): x = 1
[x async for x in y for z in w]
yield
x.y.z += 1
print >>f, "x"
async with a: pass
a = yield b
