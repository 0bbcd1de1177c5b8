import { existsSync } from 'node:fs'
import { signatureTypes } from '../../src/core/cosignature.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { type VerifierKey, verifierKey } from '../../src/core/note.ts'
import { type DataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { secondKeyOf } from '../../src/ledger/rotation-second-key.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { readMlDsaKeyFile } from '../../src/node/mldsa-key-file.ts'
import { attempt, type Check, fail, ok, warn } from './check.ts'

/** Every key of a data folder, opened as the server opens it: with one passphrase for all. */
export async function keyChecks(folder: DataFolder, passphrase: string | undefined): Promise<Check[]> {
  return [
    ...(await attempt('ledger key', () => [ledgerKey(folder, passphrase)])),
    ...(await attempt('second key', () => secondKey(folder, passphrase))),
    ...(await attempt('trial keys', () => trialKeys(folder, passphrase))),
  ]
}

function ledgerKey(folder: DataFolder, passphrase: string | undefined): Check {
  const name = 'ledger key'
  const { ledgerKey: path } = folder
  if (!existsSync(path))
    return warn(name, `${path} is not there: this folder cannot sign`, 'Bring it from where it is kept, mode 0600.')
  const listed = readOwnKey(folder)
  return opened(name, path, passphrase, () =>
    against(name, listed, verifierKey(listed.name, readKeyFile(path, passphrase).publicKey)),
  )
}

function secondKey(folder: DataFolder, passphrase: string | undefined): Check[] {
  const name = 'second key'
  const { ledgerMlDsaKey: path } = folder
  const own = readOwnKey(folder)
  const listed = secondKeyOf(readPolicyFile(folder.policy), own)
  if (!existsSync(path)) {
    if (listed === undefined) return []
    return [warn(name, `${path} is not there, and the policy lists it`, 'Bring it from where it is kept, mode 0600.')]
  }
  return [
    opened(name, path, passphrase, () => {
      const key = verifierKey(own.name, readMlDsaKeyFile(path, passphrase).publicKey, signatureTypes.mlDsa44)
      if (listed !== undefined) return against(name, listed, key)
      return warn(name, 'is listed by no policy', `Add it to ${folder.policy}: witness ledger-ml-dsa ${key.text}`)
    }),
  ]
}

/** A trial ledger's administrator and depositor, which lie beside it. */
function trialKeys({ administratorKey, depositorKey }: DataFolder, passphrase: string | undefined): Check[] {
  const name = 'trial keys'
  const paths = [administratorKey, depositorKey].filter((path) => existsSync(path))
  const checks = paths.map((path) =>
    opened(name, path, passphrase, () => {
      readKeyFile(path, passphrase)
      return ok(name, `${path} opens`)
    }),
  )
  const bad = checks.filter(({ status }) => status !== 'ok')
  return checks.length === 0 || bad.length > 0 ? bad : [ok(name, `${checks.length} of them open`)]
}

function against(name: string, listed: VerifierKey, key: VerifierKey): Check {
  if (key.text === listed.text) return ok(name, `is the one that the policy names: ${brief(key)}`)
  return fail(name, 'is not the one that the policy names', 'Bring the right key from where it is kept.')
}

/** A vkey without the 1,312 bytes of an ML-DSA-44 key. */
function brief({ text, type }: VerifierKey): string {
  return type === signatureTypes.mlDsa44 ? text.slice(0, text.indexOf('+') + 9) : text
}

function opened(name: string, path: string, passphrase: string | undefined, look: () => Check): Check {
  try {
    return look()
  } catch (error) {
    // Said under permissions.
    if (isEvidenceError(error, 'key-file-permissions'))
      return warn(name, 'not opened: see permissions', 'Mend the permissions.')
    if (isEvidenceError(error, 'key-file-passphrase')) {
      return passphrase === undefined
        ? warn(name, `${path} has a passphrase, and none was given: not opened`, 'Name it by --passphrase-file.')
        : fail(
            name,
            `the passphrase does not open ${path}: the server does not start with it`,
            'Give the passphrase that the server is started with; all keys of a folder have one.',
          )
    }
    throw error
  }
}
