#include "CText.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <boost/math/distributions/kolmogorov_smirnov.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

namespace {

namespace policies = boost::math::policies;

// Exceptions must not reach Swift; 0 is the right answer where a probability underflows.
using Policy = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>,
    policies::underflow_error<policies::ignore_error>,
    policies::denorm_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>>;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

extern "C" double ctext_chi_square_survival(double x, double freedom) {
  if (!(freedom > 0) || std::isnan(x)) return not_a_number;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return boost::math::gamma_q(freedom / 2, x / 2, Policy());
}

extern "C" double ctext_erfc(double x) {
  if (std::isnan(x)) return x;
  return boost::math::erfc(x, Policy());
}

extern "C" double ctext_kolmogorov_survival(double x) {
  if (std::isnan(x)) return x;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  const boost::math::kolmogorov_smirnov_distribution<double, Policy> limiting(1);
  return boost::math::cdf(boost::math::complement(limiting, x));
}

extern "C" double ctext_regularized_beta(double a, double b, double x) {
  if (!(a > 0) || !(b > 0) || !(x >= 0) || !(x <= 1)) return not_a_number;
  return boost::math::ibeta(a, b, x, Policy());
}

extern "C" uint64_t ctext_hash64(const uint8_t *bytes, size_t count) {
  return XXH3_64bits(bytes, count);
}
