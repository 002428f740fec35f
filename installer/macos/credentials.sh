#!/usr/bin/env bash
# For the release workflow: puts the certificate into a keychain of its own and the notary's
# credentials beside it, and tells the build as whom it signs. Without a certificate it does nothing,
# and what is built is signed by nobody.
set -euo pipefail

if [ -z "${CERTIFICATE:-}" ]; then
    echo "no certificate: the app is not signed and not notarised"
    exit 0
fi
keychain=$RUNNER_TEMP/zoomsync.keychain-db
password=$(uuidgen)
printf '%s' "$CERTIFICATE" | base64 --decode >"$RUNNER_TEMP/certificate.p12"
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -lut 21600 "$keychain"
security unlock-keychain -p "$password" "$keychain"
security import "$RUNNER_TEMP/certificate.p12" -P "$CERTIFICATE_PASSWORD" -f pkcs12 \
    -k "$keychain" -T /usr/bin/codesign
security set-key-partition-list -S apple-tool:,apple: -k "$password" "$keychain" >/dev/null
security list-keychains -d user -s "$keychain" login.keychain-db
rm "$RUNNER_TEMP/certificate.p12"
echo "INSTALLER_SIGN_AS=$SIGN_AS" >>"$GITHUB_ENV"
if [ -n "${NOTARY_KEY:-}" ]; then
    printf '%s' "$NOTARY_KEY" | base64 --decode >"$RUNNER_TEMP/notary.p8"
    xcrun notarytool store-credentials zoomsync --key "$RUNNER_TEMP/notary.p8" \
        --key-id "$NOTARY_KEY_ID" --issuer "$NOTARY_ISSUER"
    rm "$RUNNER_TEMP/notary.p8"
    echo "INSTALLER_NOTARY_PROFILE=zoomsync" >>"$GITHUB_ENV"
fi
