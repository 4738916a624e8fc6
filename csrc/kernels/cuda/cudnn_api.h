// The part of cuDNN's interface that is used here, in its binary form; compared with its header where there
// is one (tests/cuda/cudnn_api_check.cpp). It is the interface of graphs: of the two that version 9 has it
// alone reaches the kernels that were written for newer GPUs, and it takes strides and sizes of 64 bits, and
// any layout.
#pragma once

#include "kernels/cuda/driver_api.h"

namespace torch::cuda {

using DnnHandle = struct DnnHandleObject*; // cudnnHandle_t
using DnnDescriptor = void*;               // cudnnBackendDescriptor_t

// cudnnBackendDescriptorType_t
enum DnnObject : int {
  kDnnConvolution = 1,
  kDnnEngine = 2,
  kDnnConfig = 3,
  kDnnHeuristic = 4,
  kDnnPlan = 5,
  kDnnForward = 10,
  kDnnGradWeight = 11,
  kDnnGradInput = 12,
  kDnnGraph = 15,
  kDnnPack = 16,
  kDnnTensor = 17
};
enum DnnType : int { kDnnFloat = 0, kDnnDouble = 1, kDnnHalf = 2, kDnnBFloat16 = 9 }; // cudnnDataType_t
// cudnnBackendAttributeType_t
enum DnnKind : int {
  kOfHandle = 0,
  kOfDataType = 1,
  kOfInt64 = 3,
  kOfFloat = 4,
  kOfDouble = 5,
  kOfPointer = 6,
  kOfConvolutionMode = 7,
  kOfHeuristicMode = 8,
  kOfNote = 11,
  kOfDescriptor = 15
};
enum DnnConvolutionMode : int { kCrossCorrelation = 1 };          // cudnnConvolutionMode_t
enum DnnHeuristicMode : int { kFallbackMode = 2, kBestMode = 3 }; // cudnnBackendHeurMode_t
// cudnnBackendNumericalNote_t
enum DnnNote : int { kTensorCore = 0, kDownConverts = 1, kNondeterministic = 4 };
// cudnnBackendAttributeName_t
enum DnnAttribute : int {
  kConvComputed = 100,
  kConvMode = 101,
  kConvDilations = 102,
  kConvStrides = 103,
  kConvPaddingAfter = 104,
  kConvPaddingBefore = 105,
  kConvSpatial = 106,
  kHeuristicMode = 200,
  kHeuristicGraph = 201,
  kHeuristicResults = 202,
  kConfigEngine = 300,
  kPlanHandle = 400,
  kPlanConfig = 401,
  kPlanWorkspace = 402,
  kForwardAlpha = 700,
  kForwardBeta = 701,
  kForwardConv = 702,
  kForwardW = 703,
  kForwardX = 704,
  kForwardY = 705,
  kGradInputAlpha = 706,
  kGradInputBeta = 707,
  kGradInputConv = 708,
  kGradInputW = 709,
  kGradInputX = 710,
  kGradInputY = 711,
  kGradWeightAlpha = 712,
  kGradWeightBeta = 713,
  kGradWeightConv = 714,
  kGradWeightW = 715,
  kGradWeightX = 716,
  kGradWeightY = 717,
  kGraphHandle = 800,
  kGraphOperations = 801,
  kTensorAlignment = 900,
  kTensorType = 901,
  kTensorSizes = 902,
  kTensorStrides = 903,
  kTensorId = 906,
  kPackIds = 1000,
  kPackPointers = 1001,
  kPackWorkspace = 1003,
  kEngineNotes = 1303
};

// X(member, symbol, parameters)
#define TORCH_DNN_FUNCTIONS(X)                                                                               \
  X(create, cudnnCreate, (DnnHandle*))                                                                       \
  X(set_stream, cudnnSetStream, (DnnHandle, Stream))                                                         \
  X(make, cudnnBackendCreateDescriptor, (int object, DnnDescriptor*))                                        \
  X(destroy, cudnnBackendDestroyDescriptor, (DnnDescriptor))                                                 \
  X(finalize, cudnnBackendFinalize, (DnnDescriptor))                                                         \
  X(set, cudnnBackendSetAttribute, (DnnDescriptor, int attribute, int kind, int64_t count, const void*))     \
  X(get, cudnnBackendGetAttribute,                                                                           \
    (DnnDescriptor, int attribute, int kind, int64_t room, int64_t* count, void*))                           \
  X(execute, cudnnBackendExecute, (DnnHandle, DnnDescriptor plan, DnnDescriptor pack))

struct Dnn {
#define TORCH_MEMBER(member, symbol, params) Status(*member) params = nullptr;
  TORCH_DNN_FUNCTIONS(TORCH_MEMBER)
#undef TORCH_MEMBER
  size_t (*version)() = nullptr; // cudnnGetVersion
};

} // namespace torch::cuda
