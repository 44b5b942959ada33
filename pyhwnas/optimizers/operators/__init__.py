"""Steps that many optimizers share: first rows, variation, selection, subsets."""
