"""Where a random call's answer differs from the oracle's on purpose.

Each line: the records it holds for (with wildcards), a regular expression that is searched in ``CALL => DIFFERENCE``, and the
reason.  A fourth item, True, says that the oracle's answer is undefined there, as it depends on memory that nobody wrote: the
expression is then searched in the call alone, and such calls are not compared.  A line that accounts for no call of the full
run (``make differential``) fails it.

A call is shown as ``torch.add(T[3, 4], T[4]:int8) float32 te out=(0,):int16``: shapes, the dtype of tensors that name none,
and a letter for the layout of each tensor (contiguous, transposed, sliced, expanded).
"""

from __future__ import annotations

EMPTY = r"T\[(\d+, )*0(, \d+)*\]"
EXPANDED = r" (\w+ )?\w*e\w*( out=[^>]+)? => "

LISTED: list = [
    # ---- what PyTorch does not notice or cannot do ----
    (
        "conv_tbc kron take_along_dim local_response_norm linalg_matrix_exp matrix_exp",
        r"oracle raises RuntimeError \(.view size is not compatible",
        "PyTorch fails for strided operands: it takes a view where only a copy has that shape",
    ),
    (
        "native_group_norm",
        r"oracle raises RuntimeError \(.Expected X.is_contiguous",
        "PyTorch refuses memory that is not contiguous, which group_norm copies",
    ),
    (
        "rnn_* gru lstm",
        r"oracle raises RuntimeError \(.The size of tensor a \(0\)",
        "PyTorch reads the batch sizes of packed sequences as if they lay one after the other",
    ),
    ("gelu", r"out=.+ => result: .* values differ", "PyTorch writes an out= that is not contiguous in the wrong order"),
    ("unique_consecutive.*", r"result\[1\]: shape", "PyTorch takes the positional return_inverse for return_counts"),
    (
        "fill_diagonal_",
        r"wrap=True\) \S+ s => result",
        "PyTorch wraps by the memory of a strided matrix, not by its rows",
    ),
    ("pixel_unshuffle", EMPTY + r".*=> result: shape", "PyTorch leaves the shape of an empty batch as it was"),
    ("conv1d.complex", EMPTY + r".*=> result: shape", "PyTorch gives a complex result without channels an own shape"),
    ("fft_ifftn", r"oracle raises RuntimeError \(.MKL FFT error", "PyTorch's library refuses some empty transforms"),
    (
        "nansum nanmean nanmean.more",
        r"oracle raises RuntimeError \(.nansum on CPU does not support complex",
        "complex numbers are summed without NaN as real ones are",
    ),
    (
        "stft",
        r"oracle raises RuntimeError \(.setStorage: sizes",
        "PyTorch counts frames that do not fit where they are aligned to the window but not centred",
    ),
    ("arange", r"out=.+ => oracle raises ValueError", "the step is not cut to the integer dtype of out="),
    ("topk", r"oracle raises RuntimeError \(.topk does not support bool", "bool is ordered like integers"),
    ("linalg_vander", r"oracle raises RuntimeError \(.linalg.vander supports", "float16 and bfloat16 are taken too"),
    (
        "nanmedian",
        EXPANDED + r".*result\[0\]: .* values differ",
        "PyTorch gives values that are not in an expanded tensor of integers",
    ),
    ("normal", r"=> result: dtype", "PyTorch's dtype of a mean and deviation of different ones depends on their shape"),
    (
        "full",
        r"out=.+ => raises RuntimeError .* oracle ValueError",
        "PyTorch makes tensors of negative size where they are given",
    ),
    (
        "gru",
        r"=> ours raises RuntimeError: .gru: expected gates",
        "PyTorch broadcasts a state of another batch size where there are no biases",
    ),
    ("histogramdd", EMPTY + r".*-1\).*ours raises", "points without coordinates are counted in nothing"),
    (
        "gradient",
        r"oracle raises RuntimeError \(.torch.gradient does not support uint8",
        "uint8 is taken like other integers",
    ),
    (
        "max_pool2d max_pool3d",
        r"oracle raises RuntimeError \(.pad should be",
        "padding may fill half of a dilated window",
    ),
    (
        "adaptive_*_pool2d fractional_max_pool2d",
        r"oracle raises RuntimeError \(.(adaptive_(avg|max)_pool2d.*|fractional_max_pool2d: )output_size",
        "[n] stands for [n, n]",
    ),
    (
        "unfold.windows lp_pool2d fractional_max_pool2d.drawn",
        r"oracle raises (RuntimeError \(.It is expected|ValueError \(.not enough|IndexError \(.tuple index)",
        "a list of one number stands for all dimensions here",
    ),
    (
        "conv3d conv_transpose2d conv_transpose3d",
        r"T\[\d+, \d+, (\d+, )*0.*oracle raises RuntimeError \(.(kernel size should be|non-empty|Only zero batch)",
        "images and kernels without elements give zeros",
    ),
    (
        "scaled_dot_product_attention",
        r"oracle raises RuntimeError \(._scaled_dot_product_attention: Explicit attn_mask",
        "a mask and is_causal are combined, as PyTorch does on other paths",
    ),
    # ---- what is refused here ----
    (
        "*",
        EMPTY + r".*=> ours raises (NotImplementedError: .* not implemented for|RuntimeError: .*Low precision)",
        "an operator without a kernel for a dtype refuses empty tensors of it too",
    ),
    (
        "cummax cummin",
        r"\(T\[\].*=> ours raises NotImplementedError",
        "no exception is made for complex tensors without dims",
    ),
    (
        "bmm matmul addbmm",
        EMPTY + r".*=> ours raises RuntimeError: .*(to have the same dtype|must have the same dtype)",
        "operands of different dtypes are refused also when they are empty",
    ),
    (
        "addbmm inner *matrix_power diff* lerp fft_ifft",
        r"out=.+ => (oracle raises RuntimeError|ours raises RuntimeError: .*can't be cast)",
        "an out= that the result can be cast to is taken whatever the sizes and powers",
    ),
    (
        "addmv index_fill index_put masked_fill setitem tri[lu]",
        r"=> ours raises RuntimeError: .*more than one element of the written-to tensor",
        "a tensor whose elements share memory is only filled with one value",
    ),
    (
        "mean logsumexp",
        r"complex\d+ \w+ out=[^>]+:(float|bfloat)\d+ => ours raises RuntimeError: .*can't be cast",
        "complex results are not written into a real out=, as for every other operator",
    ),
    (
        "pow",
        r"torch.pow\(1, .*=> ours raises RuntimeError: .*can't be cast",
        "the dtype of out= counts for the base 1 too",
    ),
    ("matrix_exp linalg_matrix_exp", r"ours raises NotImplementedError", "PyTorch's half types give NaN"),
    (
        "special_*polynomial_? special_zeta",
        r"T\[[^]]*\]:(bfloat16|float16).*=> ours raises NotImplementedError",
        "half types are refused beside wider ones too",
    ),
    (
        "adaptive_avg_pool*",
        r"complex\d+.* => ours raises NotImplementedError",
        "there is no pooling of complex numbers",
    ),
    ("tensordot", r"ours raises RuntimeError: .contracted dimensions", "contracted dimensions do not broadcast"),
    (
        "scaled_dot_product_attention",
        r"ours raises RuntimeError: .scaled_dot_product_attention: shapes",
        "PyTorch does not compare the lengths of keys and values on every path",
    ),
    (
        "linalg_solve_triangular",
        r"ours raises RuntimeError: .*same dtype",
        "operands of different dtypes are refused always",
    ),
    (
        "max_unpool1d fractional_max_pool?d* conv_tbc",
        r"-\d.*ours raises",
        "negative sizes and padding are refused always",
    ),
    (
        "cummin cummax",
        EMPTY + r".*=> ours raises IndexError",
        "a dimension out of range is refused for empty tensors too",
    ),
    # ---- another exception for a call that is wrong in several ways, or whose error PyTorch meets by accident ----
    (
        "*",
        r"=> raises (RuntimeError|NotImplementedError) .* oracle IndexError \(.(Dimension (specified as|out of range)|tuple index)",
        "a tensor of too few dimensions is refused as such, before the size of a missing dimension is asked for",
    ),
    ("max", r"=> raises NotImplementedError .* oracle IndexError", "the dtype is looked at before the sizes"),
    (
        "index_reduce",
        r"=> raises RuntimeError .* oracle IndexError \(.select",
        "an index that is out of bounds is named",
    ),
    (
        "amin logsumexp logcumsumexp narrow_copy *_cell rnn_relu gru",
        r"=> raises IndexError .* oracle RuntimeError",
        "a dimension out of range is an IndexError, whatever else is wrong",
    ),
    ("hstack", r"out=.*=> raises RuntimeError .* oracle TypeError", "shapes are compared before dtypes"),
    ("nuclear_norm", r"=> raises IndexError", "the dimension is looked at before the dtype"),
    (
        "batch_norm linalg_matrix_rank scaled_dot_product_attention",
        EMPTY + r".*=> ours raises RuntimeError: .*(mixed dtype|doesn't handle|expected scalar type)",
        "dtypes are checked where nothing is computed too",
    ),
    ("hash_tensor", r"out=.*=> raises IndexError", "dimensions are looked at before out="),
    ("embedding_renorm_", r"\(T\[1, .*e\w => raises IndexError", "indices are looked at before memory"),
    (
        "stack",
        r"=> raises TypeError .* oracle RuntimeError \(.Trying to resize",
        "dtypes are compared before out= is resized",
    ),
    (
        "addr",
        r"out=.*oracle raises RuntimeError \(.unsupported operation",
        "out= is resized before its memory is looked at",
    ),
    ("where", r"out=.+ => raises RuntimeError .* oracle TypeError", "out= may stand beside numbers"),
    ("prod", r"=> oracle raises TypeError", "out= and keepdim may stand without dim"),
    ("view_as_complex_copy", r"=> raises TypeError .* oracle RuntimeError", "there is no complex32"),
    # ---- rounding decides ----
    (
        "linalg_* pinverse qr geqrf lu* corrcoef",
        EXPANDED + r".*(values differ|LinAlgError)",
        "a matrix of equal rows is singular but for rounding errors, which differ",
    ),
    # ---- which of several right answers ----
    (
        "kthvalue mode sort",
        r"result\[1\]: .* values differ",
        "of equal elements another one's index may be given",
    ),
    (
        "native_group_norm",
        r"\(T\[[^]]*\], T\[[^]]*\], None,",
        "PyTorch reads the bias that is not there where there is a weight",
        True,
    ),
    ("topk", r"\(T\[\], 0", "no element of a tensor without dims is chosen: PyTorch leaves the result unwritten", True),
    # ---- memory order of fresh results ----
    ("conj conj_physical adjoint*", r"strides", "conjugation is done at once, and gives a dense tensor of its own"),
    (
        "binary_cross_entropy_with_logits masked_fill logsigmoid ldexp nextafter pow rrelu",
        r"=> result: strides",
        "where operands are not contiguous, the memory of a fresh result may lie in another order",
    ),
    (
        "div.floor diff* msort inverse ormqr cholesky_solve lu_solve linalg_cholesky linalg_solve linalg_tensorinv fft_ihfft2",
        r"out=.+=> result(\[\d\])?: strides",
        "an out= that has to grow gets the memory order of a fresh result",
    ),
]
