/** Receipts that the reader handed over, by index, while the page is open: an exhibit may be shown by its receipt to who cannot read it at the ledger. */
export const handedReceipts = new Map<number, string>()
