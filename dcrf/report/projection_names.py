"""The names of projections of scatter plots, for a command line that loads without numpy."""

PCA, T_SNE, UMAP = "pca", "t_sne", "umap"

NOTES = {
    PCA: "on their first two principal components, in which distances keep their scale",
    T_SNE: "by t-SNE, in which only neighborhoods have a meaning",
    UMAP: "by UMAP, in which only neighborhoods have a meaning",
}
"""Projection -> how it places samples, in words."""
