"""What to try for a constructor's argument, by its name.

Every size is a different small number, so that a mix-up of two axes cannot go unnoticed.
"""

from __future__ import annotations

from gradcheck.conventions.signature import Arg, plain

SIZES_IN, SIZES_OUT, HIDDEN, CHANNELS, FILTERS, KERNEL = 4, 5, 6, 2, 4, 3

CLASS_WEIGHTS = "[0.5, 1.5, 2.0, 0.7]"

#: Pieces of argument names and what to try for them, most telling first.
BY_NAME: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("inputshape", "inshape", "shapein", "inputdims", "insize2d"), ("(2, 6, 7)", "(4,)", "4", "(6, 7, 2)")),
    (("shape", "wshape", "weightshape", "kshape"), ("(4, 5)", "(4,)", "(4, 2, 3, 3)")),
    (("outputshape", "targetshape", "newshape", "shapeout"), ("(2, 2)", "(4,)", "(-1,)")),
    (("inchannel", "inchannels", "inputchannels", "channelsin", "inc", "numchannel", "nchannel", "inputchannel", "cin", "inplanes",
      "inputdepth", "depthin", "infilters", "channels", "channel", "nc", "indepth"), ("2",)),
    (("outchannel", "outchannels", "outputchannels", "numfilter", "nfilter", "filters", "outputchannel", "cout", "channelsout", "nkernels",
      "numkernel", "outplanes", "outfilters", "depth", "kernelsnumber", "fn", "outdepth", "nout2d"), ("4", "2")),
    (("numparameters", "numparams", "nparams"), ("4", "1")),
    (("numgroups", "groups", "ngroups"), ("2", "1")),
    (("numheads", "heads", "nheads", "nhead"), ("2",)),
    (("kernelsize", "filtersize", "poolsize", "windowsize", "ksize", "fsize", "kernelshape", "poolshape",
      "filtershape", "receptivefield", "patchsize", "kernel", "window"), ("3", "(3, 2)", "2")),
    (("poolh", "ph", "kernelh", "kh", "fh", "filterh", "kernelheight", "filterheight",
      "hfilter", "hkernel", "hpool"), ("3", "2")),
    (("poolw", "pw", "kernelw", "kw", "fw", "filterw", "kernelwidth", "filterwidth",
      "wfilter", "wkernel", "wpool"), ("2", "3")),
    (("stride", "strides"), ("2", "1")),
    (("scalefactor", "upscale", "factor", "upsample"), ("2",)),
    (("padding", "pad"), ("1", "0", "'same'", "'valid'")),
    (("dilation",), ("1",)),
    (("vocabsize", "vocab", "numembeddings", "voc", "dictsize", "numwords", "nwords", "ntokens"), ("7",)),
    (("embeddingdim", "embeddim", "embedsize", "wordvecsize", "embeddingsize", "demb", "emb", "dmodel",
      "modeldim", "embedding", "embed"), ("4",)),
    (("hiddensize", "hiddendim", "nhidden", "hidden", "numhidden", "units", "hiddenunits", "hiddenlayer",
      "nunits", "nh", "dhidden", "hsize"), ("6", "[6]")),
    (("maxlen", "maxlength", "maxseqlen", "maxsequencelength", "contextlength", "blocksize", "maxpositions", "npositions"), ("6",)),
    (("sequencelength", "seqlen", "timesteps", "steps", "seq"), ("4",)),
    (("inputsize", "infeatures", "ninputs", "inputdim", "indim", "nin", "insize", "numinputs", "dimin",
      "ninput", "fanin", "inputs", "inputunits", "nfeatures", "numfeatures", "features", "inputlen", "infeature",
      "dim", "dims", "size", "normalizedshape", "ndim", "nx", "din", "inputfeatures", "inunits", "inputnodes",
      "inputneurons", "prevlayer", "previous", "d", "nprev", "sizein", "inpsize", "inp", "ni", "n_i", "innodes"),
     ("4", "(4,)")),
    (("outputsize", "outfeatures", "nneurons", "outputdim", "outdim", "nout", "outsize", "numoutputs", "dimout",
      "noutput", "fanout", "neurons", "outputs", "outputunits", "numclasses", "nclasses", "classes", "nodes",
      "ny", "dout", "outputfeatures", "outunits", "outputnodes", "outputneurons", "nneuron", "numneurons",
      "k", "layersize", "sizeout", "no", "width", "outfeature", "numnodes", "outnodes", "nodesnum"), ("5",)),
    (("layersizes", "layerneurons", "neuronsperlayer", "layernodes", "nodesperlayer", "unitsperlayer", "topology", "layers", "sizes", "layerdims", "hiddenlayers", "hiddensizes", "architecture"),
     ("[4, 6, 5]", "[4, 6, 7, 5]", "[6]")),
    (("dropout", "dropoutrate", "droprate", "dropoutratio", "rate", "p", "keepprob", "prob", "dropprob", "dropp",
      "ratio", "keep", "probability", "pkeep", "pdrop", "drop"), ("0.4",)),
    (("learningrate", "lr", "eta", "learnrate"), ("0.1",)),
    (("momentum", "rho", "beta", "mu", "decayrate", "gamma1"), ("0.9",)),
    (("beta1",), ("0.9",)), (("beta2",), ("0.999",)),
    (("epsilon", "eps"), ("1e-5", "1e-7")),
    (("alpha", "negativeslope", "slope", "leak", "leakage", "a", "scale", "delta", "margin", "temperature",
      "temp", "threshold", "lambda", "lam", "s", "tau", "leaky"), ("0.3", "1.5")),
    (("c",), ("0.3", "4", "2")),  # a slope, or channels
    (("classweights", "classweight", "weightsofclasses", "labelweights"), (CLASS_WEIGHTS,)),
    (("posweight",), ("1.7",)),
    (("wx", "wxh", "wih"), ("<WX>", "<WX3>", "<WX4>")),
    (("weights", "w", "weight", "kernels", "weightmatrix", "initweights"), ("<W>", "<K>", "<K1>", "<WX>", "<E>", "<GAMMA>")),
    (("wordtoidx", "wordtoix", "word2idx", "wordtoindex", "word2index", "chartoidx", "chartoix", "word2id", "wordtoid"),
     ("{'<NULL>': 0, '<START>': 1, '<END>': 2, 'a': 3, 'b': 4, 'c': 5, 'd': 6}",)),
    (("win", "winput", "embedin", "wordvectors"), ("<E>",)),
    (("wout", "woutput"), ("np.random.randn(4, 7)", "<E>")),
    (("wordp", "wordprobs", "wordprobabilities", "unigram"), ("np.arange(1, 8) / 28",)),
    (("corpus", "wordids", "tokenids"), ("np.arange(14) % 7",)),
    (("wh", "whh", "recurrentweights"), ("<WH>", "<WH3>", "<WH4>")),
    (("bias", "b", "biases", "initbias", "beta0"), ("<B>", "<KB>", "<BX>", "<BX3>", "<BX4>", "<BC>", "True")),
    (("gamma",), ("<GAMMA>", "0.9", "2.0")), (("beta",), ("<GAMMA>", "0.9")),
    (("axis",), ("1", "-1", "0")),
    (("name", "label", "id", "layername"), ("'layer'",)),
    (("activationprime", "activationderivative", "dactivation", "actprime", "derivative", "fprime", "actderivative",
      "gradactivation"), ("<ACT'>",)),
    (("activation", "act", "nonlinearity", "activationfunction", "actfn"), ("'relu'", "'linear'", "None", "<ACT>")),
    (("initializer", "init", "weightinit", "kernelinitializer", "initialization", "weightinitializer",
      "weightsinitializer", "initmethod", "initfn", "winit"), ("<INIT>", "'random'", "'xavier'", "None")),
    (("rng", "randomstate", "generator", "random"), ("<RNG>", "0")), (("seed",), ("0",)),
    (("usebias", "hasbias", "biasterm", "returnsequences", "stateful"), ("True", "False")),
    (("dtype",), ("'float64'",)), (("batchsize", "batch", "nbatch", "bs"), ("3",)),
    (("h", "height", "inh", "inputheight"), ("6",)), (("wd", "inw", "inputwidth"), ("7",)),
    (("optimizer", "optim", "opt"), ("None",)),
    (("y", "ytrue", "targets", "groundtruth"), ("<Y>", "5")),
    (("params", "parameters"), ("<PARAMS>",)), (("grads",), ("<GRADS>",)),
)  # fmt: skip

ARRAYS: dict[str, tuple[int, ...]] = {
    "<W>": (4, 5), "<B>": (5,), "<K>": (4, 2, 3, 3), "<K1>": (4, 2, 3), "<KB>": (4,), "<GAMMA>": (4,),
    "<Y>": (6, 1), "<E>": (7, 4), "<BC>": (4, 1), "<WX>": (4, 6), "<WH>": (6, 6), "<BX>": (6,),
    # three and four gates side by side
    "<WX3>": (4, 18), "<WH3>": (6, 18), "<BX3>": (18,), "<WX4>": (4, 24), "<WH4>": (6, 24), "<BX4>": (24,),
}  # fmt: skip
GENERIC = ("4", "2", "0.3", "None", "'x'", "(4,)", "True", "<W>")


def shown(text: str) -> str:
    """An expression as a user would type it (arrays are written as ``np.random.randn``)."""
    for key, shape in ARRAYS.items():
        text = text.replace(key, f"np.random.randn({', '.join(map(str, shape))})")
    return (
        text.replace("<RNG>", "np.random.default_rng(0)")
        .replace("<INIT>", "lambda *s: np.random.standard_normal(s[0] if len(s) == 1 else s)")
        .replace("<ACT>", "np.tanh")
        .replace("<ACT'>", "lambda x: 1 - np.tanh(x) ** 2")
        .replace("<PARAMS>", "{'W': np.random.randn(4, 5), 'b': np.random.randn(5)}")
        .replace("<GRADS>", "{'W': np.random.randn(4, 5), 'b': np.random.randn(5)}")
    )


def guesses(arg: Arg) -> tuple[str, ...]:
    """What to try for one constructor argument, best first."""
    key = plain(arg.name)
    for whole in dict.fromkeys((key, key.rstrip("0123456789"))):  # `Wx2` is what `Wx` is
        for names, values in BY_NAME:
            if whole in names:
                return values
    for names, values in BY_NAME:
        if any(len(n) > 3 and n in key for n in names):
            return values
    if key.startswith(("num", "n", "dim")) or key.endswith(("size", "dim", "features")):
        return ("4", "5", "2")
    if key.startswith(("is", "use", "has")):
        return ("True", "False")
    return GENERIC
