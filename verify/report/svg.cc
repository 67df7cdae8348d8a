#include "verify/report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "verify/report/escape.h"

namespace pg::verify {
namespace {

std::string inside(std::string_view tooltip) {
  return tooltip.empty() ? "" : fmt::format("<title>{}</title>", escape_markup(tooltip));
}

}  // namespace

std::string Svg::number(double value) {
  if (!std::isfinite(value)) return "0";
  const std::string text = fmt::format("{:.1f}", std::clamp(value, -1e6, 1e6));
  if (text == "-0.0") return "0";
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

Svg::Svg(double width, double height, std::string_view label) {
  out_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", number(width), number(height),
                     escape_markup(label));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view css_class) {
  out_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", css_class, number(x1),
                      number(y1), number(x2), number(y2));
}

void Svg::bar(double x, double y, double width, double height, std::string_view css_class, std::string_view tooltip) {
  out_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</rect>\n", css_class,
                      number(x), number(y), number(std::max(width, 0.5)), number(height), inside(tooltip));
}

void Svg::dot(double x, double y, double radius, std::string_view css_class, std::string_view tooltip) {
  out_ += fmt::format("<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\">{}</circle>\n", css_class, number(x),
                      number(y), number(radius), inside(tooltip));
}

void Svg::text(double x, double y, std::string_view text, std::string_view css_class, std::string_view anchor) {
  out_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", css_class, number(x),
                      number(y), anchor, escape_markup(text));
}

void Svg::path(const std::string& d, std::string_view css_class) {
  out_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", css_class, d);
}

std::string Svg::take() {
  out_ += "</svg>\n";
  return std::move(out_);
}

double tick_step(double span, int wanted) {
  if (!(span > 0) || !std::isfinite(span)) return 1;
  const double raw = span / wanted, power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (raw <= factor * power) return factor * power;
  return 10 * power;
}

}  // namespace pg::verify
