"""The layers of *Neural Networks from Scratch in Python*, in the book's own names.

Source: Kinsley and Kukiela, *Neural Networks from Scratch in Python*, 2020 (NNFS).
"""

from .accuracies import Accuracy, Accuracy_Binary, Accuracy_Categorical, Accuracy_Regression
from .activations import Activation_Linear, Activation_ReLU, Activation_Sigmoid, Activation_Softmax
from .archive import ModelFileError
from .dense import Layer_Dense, Layer_Input
from .dropout import Layer_Dropout
from .flat import FlatParameters
from .fused import (
    Activation_Sigmoid_Loss_BinaryCrossentropy,
    Activation_Softmax_Loss_CategoricalCrossentropy,
)
from .images import (
    Layer_AvgPool2D,
    Layer_Conv1D,
    Layer_Conv2D,
    Layer_ConvTranspose2D,
    Layer_Flatten,
    Layer_GlobalAvgPool,
    Layer_GlobalMaxPool,
    Layer_MaxPool2D,
    Layer_Reshape,
    Layer_Upsampling,
)
from .losses import (
    Loss,
    Loss_BinaryCrossentropy,
    Loss_CategoricalCrossentropy,
    Loss_MeanAbsoluteError,
    Loss_MeanSquaredError,
)
from .model import Model
from .more_activations import (
    Activation_ELU,
    Activation_GELU,
    Activation_GELUTanh,
    Activation_Hardtanh,
    Activation_LeakyReLU,
    Activation_LogSoftmax,
    Activation_PReLU,
    Activation_ReLU6,
    Activation_SELU,
    Activation_SiLU,
    Activation_Softplus,
    Activation_Tanh,
)
from .more_losses import (
    Loss_CosineSimilarity,
    Loss_Focal,
    Loss_Hinge,
    Loss_Huber,
    Loss_KLDivergence,
    Loss_LogCosh,
    Loss_MulticlassHinge,
)
from .more_optimizers import Optimizer_AdamW, Optimizer_AMSGrad, Optimizer_Lion, Optimizer_Nadam
from .norms import Layer_BatchNormalization, Layer_GroupNorm, Layer_LayerNorm, Layer_RMSNorm
from .optimizers import Optimizer_Adagrad, Optimizer_Adam, Optimizer_RMSprop, Optimizer_SGD
from .sequences import (
    Layer_Attention,
    Layer_Embedding,
    Layer_GRU,
    Layer_LSTM,
    Layer_MultiHeadAttention,
    Layer_RNN,
)

__all__ = [
    "Accuracy",
    "Accuracy_Binary",
    "Accuracy_Categorical",
    "Accuracy_Regression",
    "Activation_ELU",
    "Activation_GELU",
    "Activation_GELUTanh",
    "Activation_Hardtanh",
    "Activation_LeakyReLU",
    "Activation_Linear",
    "Activation_LogSoftmax",
    "Activation_PReLU",
    "Activation_ReLU",
    "Activation_ReLU6",
    "Activation_SELU",
    "Activation_SiLU",
    "Activation_Sigmoid",
    "Activation_Sigmoid_Loss_BinaryCrossentropy",
    "Activation_Softmax",
    "Activation_Softmax_Loss_CategoricalCrossentropy",
    "Activation_Softplus",
    "Activation_Tanh",
    "FlatParameters",
    "Layer_Attention",
    "Layer_AvgPool2D",
    "Layer_BatchNormalization",
    "Layer_Conv1D",
    "Layer_Conv2D",
    "Layer_ConvTranspose2D",
    "Layer_Dense",
    "Layer_Dropout",
    "Layer_Embedding",
    "Layer_Flatten",
    "Layer_GRU",
    "Layer_GlobalAvgPool",
    "Layer_GlobalMaxPool",
    "Layer_GroupNorm",
    "Layer_Input",
    "Layer_LSTM",
    "Layer_LayerNorm",
    "Layer_MaxPool2D",
    "Layer_MultiHeadAttention",
    "Layer_RMSNorm",
    "Layer_RNN",
    "Layer_Reshape",
    "Layer_Upsampling",
    "Loss",
    "Loss_BinaryCrossentropy",
    "Loss_CategoricalCrossentropy",
    "Loss_CosineSimilarity",
    "Loss_Focal",
    "Loss_Hinge",
    "Loss_Huber",
    "Loss_KLDivergence",
    "Loss_LogCosh",
    "Loss_MeanAbsoluteError",
    "Loss_MeanSquaredError",
    "Loss_MulticlassHinge",
    "Model",
    "ModelFileError",
    "Optimizer_AMSGrad",
    "Optimizer_Adagrad",
    "Optimizer_Adam",
    "Optimizer_AdamW",
    "Optimizer_Lion",
    "Optimizer_Nadam",
    "Optimizer_RMSprop",
    "Optimizer_SGD",
]
