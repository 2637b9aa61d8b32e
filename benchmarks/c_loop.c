/* Stochastic gradient descent with momentum on one hidden layer, sigmoid, half squared error, one
   example a step: the thesis' network as plainly as C has it. The sizes are known to the compiler.

   theta holds W1 (INPUTS x HIDDEN), b1, W2 (HIDDEN x OUTPUTS), b2, one after the other. */

#include <math.h>

#ifdef __SSE__
#include <xmmintrin.h>
#define FLUSH_SUBNORMALS (_MM_FLUSH_ZERO_ON | 0x0040) /* results, and operands */
#endif

static float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }

/* Velocities decay into subnormal numbers, on which every operation is slow. */
static float flushed(float v)
{
#ifdef __SSE__
    return v; /* the processor does it */
#else
    return fabsf(v) < 1e-30f ? 0.0f : v;
#endif
}

static void update(float *restrict w, float *restrict v, float a, const float *restrict delta,
                   int units, float rate, float momentum)
{
    for (int j = 0; j < units; j++) {
        v[j] = flushed(momentum * v[j] + a * delta[j]);
        w[j] -= rate * v[j];
    }
}

static void step(float *restrict theta, float *restrict velocity, const float *restrict x,
                 const float *restrict y, float rate, float momentum)
{
    float *W1 = theta, *b1 = W1 + INPUTS * HIDDEN, *W2 = b1 + HIDDEN, *b2 = W2 + HIDDEN * OUTPUTS;
    float *vW1 = velocity, *vb1 = vW1 + INPUTS * HIDDEN, *vW2 = vb1 + HIDDEN,
          *vb2 = vW2 + HIDDEN * OUTPUTS;
    float h[HIDDEN], p[OUTPUTS], delta1[HIDDEN], delta2[OUTPUTS];

    for (int j = 0; j < HIDDEN; j++) h[j] = b1[j];
    for (int i = 0; i < INPUTS; i++)
        for (int j = 0; j < HIDDEN; j++) h[j] += x[i] * W1[i * HIDDEN + j];
    for (int j = 0; j < HIDDEN; j++) h[j] = sigmoid(h[j]);

    for (int k = 0; k < OUTPUTS; k++) p[k] = b2[k];
    for (int j = 0; j < HIDDEN; j++)
        for (int k = 0; k < OUTPUTS; k++) p[k] += h[j] * W2[j * OUTPUTS + k];
    for (int k = 0; k < OUTPUTS; k++) p[k] = sigmoid(p[k]);

    for (int k = 0; k < OUTPUTS; k++) delta2[k] = (p[k] - y[k]) * p[k] * (1.0f - p[k]);
    for (int j = 0; j < HIDDEN; j++) {
        float sum = 0.0f;
        for (int k = 0; k < OUTPUTS; k++) sum += W2[j * OUTPUTS + k] * delta2[k];
        delta1[j] = sum * h[j] * (1.0f - h[j]);
    }

    for (int j = 0; j < HIDDEN; j++)
        update(W2 + j * OUTPUTS, vW2 + j * OUTPUTS, h[j], delta2, OUTPUTS, rate, momentum);
    update(b2, vb2, 1.0f, delta2, OUTPUTS, rate, momentum);
    for (int i = 0; i < INPUTS; i++)
        update(W1 + i * HIDDEN, vW1 + i * HIDDEN, x[i], delta1, HIDDEN, rate, momentum);
    update(b1, vb1, 1.0f, delta1, HIDDEN, rate, momentum);
}

void train(float *theta, float *velocity, const float *x, const float *y, long examples, float rate,
           float momentum)
{
#ifdef __SSE__
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_SUBNORMALS);
#endif
    for (long n = 0; n < examples; n++)
        step(theta, velocity, x + n * INPUTS, y + n * OUTPUTS, rate, momentum);
#ifdef __SSE__
    _mm_setcsr(before);
#endif
}
