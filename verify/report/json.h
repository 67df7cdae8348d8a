#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "verify/report/report.h"

namespace pg::verify {

// The report as a pgverify/report/v1 document (docs/formats/report.md, docs/formats/report-v1.schema.json).
nlohmann::json report_value(const Report& report);

// The same in canonical form on one line without a line end: valid UTF-8 whatever the submission holds, and the same
// bytes for the same input except inside "run".
std::string report_json(const Report& report);

}  // namespace pg::verify
