internal import CText

/// Tail probabilities of the distributions that the scores are compared with, from Boost.Math.
package enum Distribution {
    /// P(X > x) of chi-square with `freedom` degrees of freedom; 1 without any.
    package static func chiSquareSurvival(_ x: Double, freedom: Int) -> Double {
        freedom > 0 ? ctext_chi_square_survival(x, Double(freedom)) : 1
    }

    /// 1 - erf(x).
    package static func complementaryError(_ x: Double) -> Double { ctext_erfc(x) }

    /// P(K > x) of Kolmogorov's limiting distribution.
    package static func kolmogorovSurvival(_ x: Double) -> Double { ctext_kolmogorov_survival(x) }

    /// P(X >= successes) of the binomial distribution, by the incomplete beta function.
    package static func binomialTail(_ successes: Int, of trials: Int, chance: Double) -> Double {
        if successes <= 0 { return 1 }
        if successes > trials { return 0 }
        return ctext_regularized_beta(
            Double(successes), Double(trials - successes + 1), chance)
    }
}
