/** What the page says of a certificate in English; loaded with what judges one. */
export const certified = {
  title: 'What the certificate says',
  number: 'Number',
  madeAt: 'Made at',
  madeBy: 'Made by version',
  stated: 'The rest is the word of who made it, and nothing here shows it:',
  compared: 'File that was compared when it was made',
  notCompared: 'none',
  files: (count: string): string => `${count} files`,
  applicant: 'Applicant',
  onRequestOf: 'Made for',
  asked: 'The ledger answered, as of size',
  notAsked: 'it was not asked',
  noFields: 'Its fields are not those that its attachments show. Go by the attachments alone.',
  look: 'How the document looks was not compared here, and nobody vouches for it. "evidence check" compares it byte by byte. What was judged are its attachments.',
  steps: (attached: string, told: string): string =>
    `Not all steps of custody are attached to it: ${attached} of ${told}. It does not show who holds the item, nor what is to be said of the others for ever, such as a move by order.`,
  standing: {
    retracted: 'By receipts that are attached to it, the deposit was taken back.',
    'part-retracted': 'By receipts that are attached to it, a part of the deposit was taken back.',
    'key-compromised': 'By receipts that are attached to it, the key was reported as compromised.',
  },
}
