/**
 * Words by which people look for what a command does, and that command. Names of commands of a group (`admit`, `erase`) need no line here:
 * they are found in the tree of commands.
 */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  search: ['find'],
  lookup: ['find'],
  query: ['find'],
  list: ['find', 'participants list', 'profile list'],
  upload: ['deposit'],
  add: ['deposit'],
  put: ['deposit'],
  register: ['deposit', 'participants admit'],
  undo: ['retract', 'withdraw'],
  transfer: ['hand-over'],
  release: ['hand-over'],
  receive: ['take-over'],
  accept: ['take-over'],
  chain: ['history'],
  timeline: ['history'],
  log: ['history'],
  delete: ['retract', 'erase', 'ledger erase'],
  redact: ['erase'],
  login: ['setup'],
  connect: ['setup'],
  config: ['setup'],
  configure: ['setup'],
  logout: ['profile remove'],
  whoami: ['profile list'],
  users: ['participants list'],
  invite: ['participants admit'],
  ban: ['participants revoke'],
  rotate: ['participants rotate-key', 'ledger rotate-key'],
  genkey: ['keygen'],
  validate: ['check', 'verify'],
  audit: ['verify'],
  sign: ['attest', 'sign-statement', 'approvals sign'],
  bundle: ['package'],
  pack: ['package'],
  zip: ['package'],
  download: ['receipt', 'show'],
  proof: ['prove', 'receipt'],
  watch: ['monitor'],
  copy: ['mirror', 'backup'],
  replicate: ['follow'],
  run: ['start', 'serve'],
  server: ['serve'],
  stamp: ['timestamp'],
}

/** Every word of the table, with the commands that it leads to. */
export const otherWordEntries: readonly (readonly [word: string, commands: readonly string[]])[] =
  Object.entries(otherWords)

/**
 * The commands, as they stand after `evidence`, that somebody may mean by a word that is none: those of the table, and those of any group
 * that have this very name. `commands` are all that there are. Empty where nothing is known of the word.
 */
export function commandsMeant(word: string, commands: readonly string[]): readonly string[] {
  const named = commands.filter((command) => command === word || command.endsWith(` ${word}`))
  return [...new Set([...(Object.hasOwn(otherWords, word) ? (otherWords[word] ?? []) : []), ...named])]
}
