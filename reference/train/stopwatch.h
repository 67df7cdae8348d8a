#pragma once

#include <chrono>

namespace pg::train {

// Time of training in milliseconds; stands still while paused.
class Stopwatch {
 public:
  double ms() const {
    return before_ +
           (running_ ? std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started_).count()
                     : 0);
  }
  void set(double ms) { before_ = ms; }
  void pause() {
    before_ = ms();
    running_ = false;
  }
  void go_on() {
    before_ = ms();
    running_ = true;
    started_ = std::chrono::steady_clock::now();
  }

 private:
  double before_ = 0;
  bool running_ = false;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace pg::train
