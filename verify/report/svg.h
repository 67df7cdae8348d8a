#pragma once

#include <string>
#include <string_view>

namespace pg::verify {

// A drawing `width` x `height` units large, written shape by shape. Colours come from the page's style sheet by class,
// so that they follow the theme; no style attribute is written, the page's policy would refuse it.
class Svg {
 public:
  // `label` says in words what the drawing shows; for those who cannot see it.
  Svg(double width, double height, std::string_view label);

  void line(double x1, double y1, double x2, double y2, std::string_view css_class);
  // Widths below half a unit are drawn half a unit wide: a part that exists is seen.
  void bar(double x, double y, double width, double height, std::string_view css_class, std::string_view tooltip = {});
  void dot(double x, double y, double radius, std::string_view css_class, std::string_view tooltip = {});
  // anchor: "start", "middle" or "end". `text` is escaped here.
  void text(double x, double y, std::string_view text, std::string_view css_class = "t",
            std::string_view anchor = "start");
  // "M x y L x y ..." as the caller made it with point().
  void path(const std::string& d, std::string_view css_class);

  std::string take();

  static std::string number(double value);  // at most one decimal, never "-0" or an exponent

 private:
  std::string out_;
};

// Maps lo..hi to from..to; a span of nothing maps to the middle.
struct Scale {
  double lo, hi, from, to;
  double operator()(double value) const {
    return hi > lo ? from + (value - lo) / (hi - lo) * (to - from) : (from + to) / 2;
  }
};

// A step of 1, 2 or 5 times a power of ten that gives about `wanted` ticks over `span`.
double tick_step(double span, int wanted);

}  // namespace pg::verify
