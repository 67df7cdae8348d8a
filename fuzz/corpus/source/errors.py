x = [1, 2
def f(:
  return
if a
  b c
else: $
)