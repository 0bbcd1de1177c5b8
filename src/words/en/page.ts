/** What the page says around a check in English. */
export const page = {
  title: 'Evidence ledger',
  checkTitle: 'Check evidence',
  intro:
    'Drop a file, a folder, a receipt, a proof, an evidence package or a certificate here, together or one after another. Bytes of files never leave this machine.',
  choose: 'Choose files',
  chooseFolder: 'Choose a folder',
  dropHere: 'Drop here',
  clear: 'Start again',
  cancel: 'Cancel',
  cancelled: 'Cancelled. Nothing was kept of it.',
  reading: 'Reading',
  hashing: 'Hashing',
  judging: 'Judging',
  progress: (done: string, all: string): string => `${done} of ${all}`,
  handed: 'Handed over',
  remove: 'Remove',
  askLedger: 'Ask the ledger',
  askLedgerHint:
    'Sends the entry’s number, or the digest of a file without a receipt, to the ledger; no byte of a file.',
  asking: 'Asking the ledger',
  noDeposit: 'The ledger shows no deposit of this file to this reader. That does not say that there is none.',
  notAsked: 'The ledger could not be asked for a receipt:',
  download: 'Download',
  language: 'Language',
  details: 'Details',
  copy: 'Copy',
  copied: 'Copied',
  print: 'Print',
  skip: 'Skip to the content',
  tooMany: (most: string): string =>
    `More than ${most} files were handed over. Hand over fewer, or use the command line.`,
  apart: (count: string): string =>
    `${count} of the files have the name of another file with other bytes. All are kept; the later ones are called (2)/…:`,
  certificate: 'Certificate (HTML)',
  certificateHint:
    'One file that carries this proof and the checker, for the file of the case. It is made in this browser, and sent nowhere.',
  certificateMaking: 'Making the certificate',
  certificateMade: 'The certificate was given to the browser to save.',
  certificateFailed: 'The certificate could not be made.',
  tryAgain: 'Reload the page and try again, or use "evidence certificate".',
  downloadsAway: 'The list could not be loaded: the server did not answer. Close this part, and open it again later.',
  noWorker: 'This browser gives the page no worker: hashing runs in the page, and the page may stand still meanwhile.',
  noStorage:
    'This browser lets the page keep nothing (a private window, or storage is full). All works while this page stays open: save keys and receipts as files before it is closed.',
  failed:
    'The page itself failed. Nothing was said of the evidence. Reload it, and tell the operator what stands here:',
  unsupported: 'This browser is too old for this page. Use a newer one, or the command line.',
  ofThisFile: 'This is one file: it works with the network off, and sends nothing.',
  cannot: 'What this file cannot judge',
  cannotCore:
    'Packages, time stamps and certificates: the larger file, evidence-check.html, or the command line judges them.',
  oneFile: 'The checker as one file',
  oneFileHint: 'Keep it, and compare its SHA-256 with one from elsewhere: it checks evidence with the network off.',
  nav: {
    check: 'Check',
    explore: 'Explore',
    deposit: 'Deposit',
  },
}
