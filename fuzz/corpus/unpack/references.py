import runpy, helper
from ngram.tilt import hint
from torch.utils.cpp_extension import load
m = load(name="k", sources=["k.cpp", f"{D}/k.cu"])
runpy.run_path("./other.py")
import subprocess
subprocess.run(["python", "prep.py"])
t = open("tokenizer.model").read()
