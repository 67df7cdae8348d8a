#include "reference/model/feature.h"

namespace pg::model {

extern const FeatureType kSmearGate;

const std::vector<const FeatureType*>& feature_types() {
  static const std::vector<const FeatureType*> kTypes{&kSmearGate};
  return kTypes;
}

const FeatureType* find_feature(std::string_view name) {
  for (const FeatureType* type : feature_types()) {
    if (type->name == name) return type;
  }
  return nullptr;
}

}  // namespace pg::model
