#  include""b/c.cuh
