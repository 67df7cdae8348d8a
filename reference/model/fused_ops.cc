#include "reference/model/ops.h"

namespace pg::model {

const Ops& fused_ops() {
  return plain_ops();
}

}  // namespace pg::model
