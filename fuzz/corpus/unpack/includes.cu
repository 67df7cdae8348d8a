#include "a.h"
#  include "b/c.cuh"
#include <vector>
int x;
