x="a"*1000
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
x=x+x
import zlib
exec(zlib.decompress(x))
