/*
 * What a certificate says, in English. Every sentence about a result is no stronger than docs/spec/06-receipt.md lets it be: unchanged
 * since deposit, by this key, at this time by this ledger's clock, and no more.
 */
export const certificate = {
  title: 'Certificate of deposit and check of electronic evidence',
  retractedTitle: 'RETRACTED – certificate of a deposit that was taken back',
  partRetractedTitle: 'RETRACTED IN PART – certificate of a deposit of which a part was taken back',
  compromisedTitle: 'KEY REPORTED COMPROMISED – certificate of deposit and check',
  page: (page: number, pages: number, number: string): string => `${number} · page ${page} of ${pages}`,
  number: 'Number of this certificate',
  madeAt: 'Made at',
  madeBy: 'Made by the program',
  none: 'not stated',
  notAsked: 'not asked',
  withheld: 'sealed, and not shown to who asked for this certificate',

  verdict: 'Result',
  unchangedFile:
    "Unchanged since deposit: the bytes of this file are those that were deposited, signed by the key below, at the time below by the ledger's clock.",
  unchangedLine:
    "Unchanged since deposit: the bytes of this file are those that the deposited list of files has under its name, signed by the key below, at the time below by the ledger's clock.",
  unchangedFolder: (files: number): string =>
    `Unchanged since deposit: all ${files} files of the deposited list are here with the bytes that it has for them, signed by the key below, at the time below by the ledger's clock.`,
  receiptOnly:
    "The receipt holds: this ledger has an entry with the digests below, signed by the key below, at the time below by the ledger's clock. No file was compared.",
  retracted: (reason: string, index: number, time: string): string =>
    `RETRACTED: the deposit was taken back (${reason}) by entry ${index} at ${time}. This does not change what is said of the bytes.`,
  partRetracted: (reason: string, index: number, time: string, part: string): string =>
    `RETRACTED IN PART: ${part} was taken back (${reason}) by entry ${index} at ${time}. This does not change what is said of the bytes.`,
  compromised:
    'KEY REPORTED COMPROMISED: a later entry says that the signing key was in other hands at the time of this entry.',
  part: (item: number, line?: number): string =>
    line === undefined ? `item ${item}` : `item ${item}, line ${line} of its list`,
  notShown: 'What this does not show',
  limits: [
    'Whether what was deposited is true, or was untouched before it was deposited.',
    "Who stands behind the key: the ledger's administrators admitted it under the name that they vouch for.",
    'From the receipt alone: that the key was admitted and not revoked when it signed.',
    'How this document looks: anybody can draw one like it. What counts are its attachments and a program from elsewhere that checks them.',
  ],
  stated:
    'Lines marked "stated" are the word of who made this certificate. All other lines are worked out of its attachments, and a check works them out again.',

  applicant: 'Applicant',
  applicantName: 'Applicant (stated)',
  onRequestOf: 'Made for (stated)',

  case: 'Case',
  caseStated: 'Case (stated)',
  authority: 'Authority',
  caseNumber: 'Case number',
  stage: 'Stage',
  cause: 'Cause',

  items: 'Evidence deposited',
  item: (n: number): string => `Item ${n}`,
  itemName: 'Name',
  category: 'Category',
  format: 'Format',
  size: 'Size',
  bytes: (n: string): string => `${n} bytes`,
  digest: 'Digest',
  acquired: 'Reported by a forensic tool, not checked',
  tree: 'List of files',
  treeText: (lines: number, root: string): string => `${lines} files; root of its Merkle tree ${root}`,
  compared: 'Compared at making (stated)',
  comparedFile: (name: string, size: string): string => `${name}, ${size} bytes; its digest agrees`,
  comparedFolder: (name: string, files: number): string => `${name}: ${files} files, each by its digest`,
  notCompared: 'no file was compared',
  listedAs: 'Line of the list',
  listedAsText: (line: number, path: string): string => `line ${line}: ${path}`,
  fileList: 'Files of the list',
  fileListMore: (shown: number, all: number): string =>
    `The first ${shown} of ${all} files; the attached list has them all.`,
  fileListElsewhere: (all: number): string =>
    `The list has ${all} files. It is too long to be attached; it is the file whose digest stands above.`,

  depositor: 'Depositor',
  participant: 'Participant',
  participantName: "Name, as the ledger's administrators vouch (stated)",
  key: 'Key (RFC 7638 thumbprint)',
  roles: 'Roles (stated)',
  admission: 'Admitted by entry (stated)',
  admissionText: (index: number, time: string): string => `entry ${index}, at ${time}`,

  deposit: 'Deposit',
  ledger: 'Ledger (origin)',
  index: 'Entry',
  time: "Time, by the ledger's clock",
  clock: 'Clock',
  clockText:
    "The clock of the ledger's server; entries never go back in time. A time stamp, if there is one, stands below.",
  leafHash: 'Leaf hash (SHA-256)',

  checkpoint: 'Checkpoint',
  treeSize: 'Size',
  root: 'Root of the Merkle tree (SHA-256)',
  witness: 'Witness (cosignature)',
  witnessTime: (name: string, time: string): string => `${name}, at ${time}`,
  witnessNoTime: (name: string): string => `${name}, at no time that it states`,
  noWitness: 'none',
  timeStamp: 'Time stamp (stated)',
  timeStampVerified: (time: string, authority: string): string =>
    `existed no later than ${time}, on the word of ${authority}`,
  timeStampNamed: (time: string, authority: string): string =>
    `existed no later than ${time}, by a time stamp that names ${authority}; its certificate was not verified`,
  timeStampNone: 'none attached',
  byTransition: 'Ledger key',
  byTransitionText: "The checkpoint's key is retired; the attached key transition leads to the present one.",
  policy: 'Policy (fingerprint)',

  source: 'Source, generation and capture',
  description: 'Description',
  exhibit: 'Exhibit number',
  parentExhibit: 'Part of exhibit',
  serial: 'Serial number',
  condition: 'Condition',
  sealOfObject: 'Seal of the object',
  medium: 'Medium',
  notHeldBecause: 'Original medium not held because',
  account: 'Account',
  url: 'Address',
  authorisation: 'Authorisation',
  method: 'Method',
  process: 'Process',
  tool: 'Tool and version',
  writeBlock: 'Write blocker',
  yes: 'yes',
  no: 'no',
  place: 'Place',
  start: 'Start',
  end: 'End',
  captureClock: 'Zone and clock',
  cleanliness: 'Cleanliness of the environment',
  note: 'Note',

  persons: 'Persons',
  officer: (n: number): string => `Officer ${n}`,
  holder: 'Holder',
  witnessPerson: 'Witness',
  noWitnessBecause: 'No witness because',

  custody: 'Chain of custody',
  custodyNote:
    'Each hand-over is an entry that the receiver signed, or the giver who withdrew it. It carries the release that the giver signed; whether that signature holds the ledger judged when it took the entry, and nothing here judges it again.',
  custodyFirst: 'At first',
  custodyFirstText: (by: string, index: number, time: string): string =>
    `held by ${by}, who deposited it: entry ${index} at ${time}`,
  custodySteps: 'Hand-overs, ends and resumptions (receipts attached)',
  custodyGaps: 'Not without a gap',
  custodyGapsText: (entries: string): string =>
    `entry ${entries}: it does not follow from the attached entries before it (another custodian, or custody that had ended), so one between them is not attached`,
  custodian: 'Custodian',
  held: (by: string, index: number): string =>
    `${by}, by the entries that are attached, through entry ${index}; whether there are others, only the ledger can say`,
  notHeld: (by: string, index: number, how: string): string =>
    `nobody, by the entries that are attached: custody ended (${how}) by entry ${index}, and ${by} held it last; whether there are others, only the ledger can say`,
  heldUntold: ', and it tells nobody of custody who may not read the deposit',
  custodyNotStated: {
    'not-told': (): string =>
      'not stated: how many steps of custody there are was not asked, or the answer broke off; only the ledger can say',
    'not-all': (attached: number, told: number): string =>
      `not stated: NOT ALL STEPS OF CUSTODY ARE ATTACHED: ${attached} of ${told}; what is to be said of the others for ever, such as a move by order, is not said here; only the ledger can say`,
    gap: (): string => 'not stated: the attached steps of custody have a gap; only the ledger can say',
  },
  heldByOrder: (index: number): string => `; it was moved by order, without the holder's signature, by entry ${index}`,
  passed: (giver: string, receiver: string): string => `from ${giver} to ${receiver}`,
  onChallenge: (index: number): string => `on the challenge in entry ${index}`,
  flags: {
    'moved-by-order': "MOVED BY ORDER, without the holder's signature",
    'accepted-differs': 'ACCEPTED ALTHOUGH SOMETHING DIFFERS',
  },
  flagged: (event: string, flag: string): string => `${event}; ${flag}`,
  later: 'Later events',
  asOf: (size: number): string => `As of size ${size}; later events not checked: the ledger was not asked.`,
  askedAsOf: (url: string, size: number, time: string): string =>
    `On the word of who made this certificate, ${url} was asked at ${time} and answered as of size ${size}. Later events are shown where their receipts are attached, and nothing is shown beyond those: that none was left out is the word of the maker and of the ledger. "evidence check --online" asks again, and compares.`,
  answerBrokeOff: 'The answer broke off there: what is listed need not be all.',
  noEvents: 'None is attached; this does not show that there is none.',
  noStatedEvents: 'none besides, as of that size',
  event: (what: string, reason: string, index: number, time: string): string =>
    `${what}${reason}: entry ${index} at ${time}`,
  eventStated: (what: string, index: number): string => `the ledger says, not shown: ${what}: entry ${index}`,
  eventAttached: (event: string, by: string, file: string): string => `${event}, by ${by} (${file})`,
  eventsNotAttached: (what: string, count: number): string => `${what}: ${count} more, not attached`,
  since: (time: string): string => `compromised since ${time}`,
  eventNames: {
    retracted: 'retracted',
    'part-retracted': 'part retracted',
    attested: 'attested',
    related: 'related',
    recorded: 'event recorded',
    challenged: 'challenged',
    found: 'finding',
    'handed-over': 'hand-over',
    'custody-ended': 'custody ended',
    'custody-resumed': 'custody resumed',
    'erasure-ordered': 'erasure ordered',
    'key-rotated': 'key rotated',
    'key-revoked': 'key revoked',
    'participant-revoked': 'participant revoked',
  } as Readonly<Record<string, string>>,
  noReason: 'no reason',
  laterShown: 'Later events (receipts attached)',
  laterStated: 'Later events (stated)',
  withheldClaims: 'Sealed claims not shown',

  howTo: 'How to check without us',
  howToIntro:
    "Take the attachments out of this file, get the ledger's policy and the checker from somebody whom you trust, and run:",
  howToPolicy:
    "Compare the fingerprint of the policy with one that reached you on a way of its own: the attached policy is this document's own word.",
  qr: "The code holds the ledger's origin, the entry's number and its leaf hash, and no address that could expire:",

  platform: 'Statement of the platform (Online Litigation Rules 2021, article 17)',
  platformRules: 'Rules for deposit services that it meets',
  platformInterest: 'Interest in the case, or improper interference',
  platformSystem: 'Cleanliness, security, reliability and availability of the system',
  platformTechnology: 'Environment, security, encryption, transmission and verification',
  platformStated: 'Statement (stated)',

  seal: 'Seal',
  sealNone: 'This certificate is not sealed. Its attachments prove what they prove with or without a seal.',
  sealed: (subject: string): string =>
    `Sealed (PAdES B-B) by the certificate "${subject}". The seal is not the ledger's key. A viewer calls it unknown where it does not know who issued the certificate.`,
  attachments: 'Attachments',
  ownChecker: (sha256: string): string =>
    `What stands here was checked by code in this very file, as of when it is opened. A file that vouches for itself proves nothing without a checker from elsewhere: hand it to evidence-check.html, SHA-256 ${sha256}, which you have from somebody whom you trust, or to "evidence check".`,
  noScript: 'Scripts are off: nothing was checked here. The document below can be read and printed.',
  box: "A box and U+ with a number stand for a character that the document's font does not have.",
}

export type CertificateWords = typeof certificate
