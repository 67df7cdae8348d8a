x = f"{a["b"]!r:>{w}} {{}} {f'{c}'}"
y = rf'{z:'>10}'
broken = f"{a[' + "
import os
