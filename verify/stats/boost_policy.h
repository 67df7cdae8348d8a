// Boost.Math as this folder uses it: what is outside a distribution's domain comes back as NaN, which callers turn into
// an Outcome, instead of an exception.
#pragma once

#include <boost/math/policies/policy.hpp>

namespace pg::verify::stats {

using BoostPolicy = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::indeterminate_result_error<boost::math::policies::ignore_error>>;

}  // namespace pg::verify::stats
