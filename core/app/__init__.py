"""The app's side of the engine: the only modules below core/ that import streamlit."""
