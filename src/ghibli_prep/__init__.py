"""Film frames in, a captioned LoRA dataset out."""

__version__ = "0.1.0"
