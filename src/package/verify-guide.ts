import { guideNamesAndTexts } from './verify-guide/names-and-texts.ts'
import { guideReceipts } from './verify-guide/receipts.ts'
import { guideReport } from './verify-guide/report.ts'
import { guideRules } from './verify-guide/rules.ts'

/**
 * VERIFY.md of every package of version 1, to the byte: how an expert checks it with `sha256sum`, `openssl` and a short program in
 * Python, without this software (docs/spec/18-package.md gives its SHA-256). Tests run its commands as they stand.
 */
export const verifyGuide = `# How to check this package without the software that made it

This folder holds evidence that was deposited in an evidence ledger, or the digests of it; the ledger's receipts; and the entries by
which the signers' keys were admitted. It is a bag (RFC 8493). You need a shell, \`sha256sum\`, \`openssl\` 3 and Python 3.8 or newer. Unpack a zip
first; run everything in the folder that holds this text. Nothing is written into it.

**This text is the same in every package of version 1.** Its SHA-256 is in page 18 of the evidence ledger's \`docs/spec\`: compare it
(\`sha256sum VERIFY.md\`) before you run anything from here, because the maker of the package could have changed it. With the software, \`evidence check\` does all of this
and more: run it with a policy that you have from elsewhere.

## 1. The package is whole

\`\`\`sh
sha256sum --check --strict --quiet manifest-sha256.txt
sha256sum --check --strict --quiet tagmanifest-sha256.txt
\`\`\`

This finds accidents, not forgers: a person who can replace a file can replace these lists. Files that were deposited and are not here stand in
\`withheld-sha256.txt\`, if the packer lists them: put them, in a copy of this folder, where it says, and check them in the same way. Section 4 names all that are not here.

## 2. The key of the ledger is the right one

Everything below rests on the ledger's public key in the file \`policy\`. It lies in this package, so it proves nothing by itself: compare every key
that is printed here, character by character, with what the ledger publishes, or with one that a party you trust has kept. A key that you do not know vouches for nothing.

\`\`\`sh
LC_ALL=C awk '$1 == "log" { print $2 }' policy
\`\`\`

The program of section 4 refuses a policy that is not by page 07 to the letter, and prints the keys by which it judged, a line each (\`judged by the key of\`): compare those lines too.

## 3. One signature by hand

A receipt (\`.tlog-proof\`, C2SP tlog-proof) ends with a checkpoint: the ledger's name, its size, the root of its Merkle tree, an empty line, and
signatures, each with the number of its key. The ledger signs the first three lines. (A receipt may be older than the ledger's present key, and then has a \`.key-transition\`
beside it; the newest receipt of the same entry, if there is one, is \`latest.tlog-proof\`.)

\`\`\`sh
work=$(mktemp -d)
receipt=$(ls data/deposits/001/*.tlog-proof | head -n 1)
sed '1,/^$/d' "$receipt" > "$work/checkpoint"
sed '/^$/,$d' "$work/checkpoint" > "$work/signed"
name=$(head -n 1 "$work/signed")
vkey=$(begin="$name+" LC_ALL=C awk '$1 == "log" && index($2, ENVIRON["begin"]) == 1 { print $2; exit }' policy)
printf 'by the key %s\\n' "$vkey"
id=$(printf '%s' "$vkey" | cut -d + -f 2)
grep -F -- "— $name " "$work/checkpoint" | sed 's/.* //' | while read -r mark; do
  if [ "$(echo "$mark" | base64 -d | head -c 4 | od -An -tx1 | tr -d ' ')" = "$id" ]; then echo "$mark"; fi
done | base64 -d | tail -c 64 > "$work/signature"
printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000' > "$work/key"
printf '%s' "$vkey" | sed 's/^[^+]*+[^+]*+//' | base64 -d | tail -c 32 >> "$work/key"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$work/signed" -sigfile "$work/signature"
\`\`\`

## 4. Everything else

The program below checks that every file here has a place in a package and a name that every disk can hold, that the texts of the bag are in order, and, for every receipt: the ledger's signature; that the entry is in the
tree that is signed (RFC 6962); the signer's signature on the statement in the entry; that the key was admitted by an earlier entry, back to the first, the
genesis, and was not rotated out or revoked before; that no entry here breaks a rule of pages 04 and 14 which the entries here show (roles, keys and ids
that are new, references, a closed ledger, an ended intake); that the release in a hand-over is between its parties, in time, and by its giver's key, where that key's admission is here; that what brings or ends keys, refers to a deposit or is told first has the members of page 02 and no others, each of its form; and that every file is one that its receipt names, by itself, or by a manifest or file proof under the item that
this manifest is. It says first what was retracted, and which files were deposited and are not here; at the end by which keys it judged, and what it did not check. Any fault ends it, with exit code 1. What
it does not know or cannot compute (a kind, a role, a version, an algorithm) it calls NOT JUDGED, and ends with 4. Read it first.

\`\`\`sh
sed -n '/^\`\`\`python$/,/^\`\`\`$/p' VERIFY.md | sed '1d;$d' > "$work/verify.py"
python3 -I "$work/verify.py" policy
rm -r "$work"
\`\`\`

\`\`\`python
${guideNamesAndTexts}${guideReceipts}${guideRules}${guideReport}\`\`\`

## What this does and does not show

It shows that the files which it calls unchanged are as they were deposited, that the deposits were signed by these keys, in this order, under this ledger's
signature, and which administrators admitted the keys, or approved that they were. The times are by the ledger's clock. It does not show that the content is true, who
stands behind a key beyond the administrators' word, that anything was untouched before its deposit, or what happened after the sizes that the
checkpoints state: a revocation or retraction may have followed. This program trusts the ledger's key alone; witnesses' cosignatures, time
stamps (\`.time-proof\`: page 13 says how \`openssl ts\` checks one), how many had to approve, members that it does not use, who held what when it was handed over (\`not judged by this program\`), the rules of Ed25519 in corner cases of signatures, and BLAKE3 are for a full
verifier. \`custody.txt\` is the packer's text and is not checked. The formats are specified in the evidence ledger's \`docs/spec\`, by pages 06, 08, 09, 13, 14, 18, 19, 20 and 22.
`
