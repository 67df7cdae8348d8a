# Called by make_vectors.py: reads "kind name margin alpha | new ... | old ..." lines, prints "name key value" lines with 17 digits.
options(digits = 17)
out <- function(name, key, value) cat(name, key, format(value, digits = 17, scientific = TRUE), "\n")
numbers <- function(text) as.numeric(strsplit(trimws(text), " +")[[1]])
for (line in readLines(file("stdin"))) {
  parts <- strsplit(line, "|", fixed = TRUE)[[1]]
  head <- strsplit(trimws(parts[1]), " +")[[1]]
  kind <- head[1]; name <- head[2]; margin <- as.numeric(head[3]); alpha <- as.numeric(head[4])
  a <- numbers(parts[2]); b <- numbers(parts[3])
  if (kind == "welch") {
    less <- t.test(a, b, alternative = "less", mu = -margin, var.equal = FALSE)
    out(name, "t", less$statistic); out(name, "df", less$parameter); out(name, "p", less$p.value)
    out(name, "p_upper", t.test(a, b, alternative = "greater", mu = -margin)$p.value)
    both <- t.test(a, b, mu = -margin, conf.level = 0.99)
    out(name, "p_two_sided", both$p.value)
    out(name, "ci_low", both$conf.int[1]); out(name, "ci_high", both$conf.int[2])
    out(name, "upper_bound", t.test(a, b, alternative = "less", conf.level = 1 - alpha)$conf.int[2])
  } else if (kind == "one_sample") {
    less <- t.test(a, alternative = "less", mu = b - margin)
    out(name, "t", less$statistic); out(name, "df", less$parameter); out(name, "p", less$p.value)
  } else if (kind == "power") {  # a: n, gain/sigma, wanted
    out(name, "power", power.t.test(n = a[1], delta = a[2], sd = 1, sig.level = alpha, alternative = "one.sided")$power)
    out(name, "detectable", power.t.test(n = a[1], power = a[3], sd = 1, sig.level = alpha, alternative = "one.sided", tol = 1e-14)$delta)
    out(name, "critical", qt(1 - alpha, 2 * a[1] - 2) * sqrt(2 / a[1]))
    # Its search starts at n = 2 and fails where two runs are enough already.
    n <- try(power.t.test(delta = a[2], power = a[3], sd = 1, sig.level = alpha, alternative = "one.sided", tol = 1e-12)$n, silent = TRUE)
    out(name, "seeds", if (inherits(n, "try-error")) 2 else ceiling(n))
  } else if (kind == "holm") {
    adjusted <- p.adjust(a, "holm")
    for (i in seq_along(adjusted)) out(name, as.character(i - 1), adjusted[i])
  }
}
