// Finds the coefficients of a linear function from noisy samples by gradient descent: tensors, operators and
// autograd from C++, no Python. Prints the loss as it falls, then what was found; exits with 1 if that is not
// what made the samples.
#include <torch/torch.h>

#include <cmath>
#include <cstdio>

int main() {
  torch::manual_seed(0);

  // y = X w + b + noise
  const std::vector<float> true_weights = {2.0f, -3.4f, 0.7f};
  const float true_bias = 4.2f;
  const torch::Tensor inputs = torch::randn({1000, 3});
  const torch::Tensor weights = torch::tensor(true_weights, {3, 1});
  const torch::Tensor targets = torch::matmul(inputs, weights) + true_bias + torch::randn({1000, 1}) * 0.01;

  torch::Tensor w = torch::requires_grad(torch::zeros({3, 1}));
  torch::Tensor b = torch::requires_grad(torch::zeros({1}));

  for (int step = 1; step <= 100; ++step) {
    const torch::Tensor error = torch::matmul(inputs, w) + b - targets;
    const torch::Tensor loss = torch::mean(error * error);
    torch::backward(loss);
    {
      const torch::NoGradGuard no_grad;
      for (torch::Tensor* parameter : {&w, &b}) {
        torch::add_(*parameter, torch::grad(*parameter), -0.1);
        torch::zero_grad(*parameter);
      }
    }
    if (step % 20 == 0) std::printf("step %3d: loss %.6f\n", step, torch::item(loss));
  }

  bool found = true;
  for (int i = 0; i < 3; ++i) {
    const double value = w.data<float>()[i];
    std::printf("w[%d] = %7.4f, made with %7.4f\n", i, value, true_weights[i]);
    found = found && std::abs(value - true_weights[i]) < 0.01;
  }
  const double bias = b.data<float>()[0];
  std::printf("b    = %7.4f, made with %7.4f\n", bias, true_bias);
  found = found && std::abs(bias - true_bias) < 0.01;
  return found ? 0 : 1;
}
