import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { KnownNames } from './known-names.ts'
import { makePrivateFolder } from './private-folder.ts'

/*
 * The data folders that commands of this user have made or served, in the user's own state folder. That a folder looks like a ledger's
 * shows nothing: the maker of an archive chose every file in it, its mode too, and the user who unpacks it owns them.
 */

function listPath(): string {
  const base = process.env['XDG_STATE_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.local', 'state') : base, 'evidence', 'ledgers')
}

/** One line: the folder's real path, and its policy, by the SHA-256 of its bytes: any other policy that is put in its place is another's. */
function nameOf(folder: string, policy: Uint8Array): string {
  return JSON.stringify([realpathSync(folder), createHash('sha256').update(policy).digest('hex')])
}

/** Notes that this user's command has made or served a data folder with this policy. Where the list cannot be written, nothing is noted. */
export function noteOwnLedger(folder: string, policy: Uint8Array): void {
  try {
    makePrivateFolder(dirname(listPath()))
    new KnownNames(listPath()).add(nameOf(folder, policy))
  } catch {
    // Without a home the folder has to be named: --data or --policy.
  }
}

/** Whether a command of this user has made or served the data folder with the very policy that it has now. */
export function isOwnLedger(folder: string, policy: Uint8Array): boolean {
  try {
    return new KnownNames(listPath()).has(nameOf(folder, policy))
  } catch {
    return false
  }
}
