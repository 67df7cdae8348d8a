#include "verify/source/ir.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "verify/source/dump.h"

namespace pg::verify::py {
namespace {

std::string dumped(std::string_view source) {
  return dump_module(parse_python(source));
}
}  // namespace
}  // namespace pg::verify::py
