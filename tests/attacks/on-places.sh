# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# Attacks by the places where things lie: keys, folders that nodes do not have, file systems that lack something.

# Nodes that have the storage under another path, or not at all, as sbatch makes it: what it is told, or where it
# is with all links resolved. A job whose directory they do not have gets an output that cannot be opened.
NODES='work=$(pwd -P)
for word in "$@"; do case $word in --version) exec "$REAL" "$@" ;; --chdir=*) work=${word#*=} ;; esac; done
echo "$work" >>"$A/marks/work"
case $work in
"$A"/net/*) exec "$REAL" "$@" ;;
*) exec "$REAL" --output="$A/marks/none/job.log" "$@" ;;
esac'

# the nodes have the storage under the configured path only; the login node has it as a link
attack_physical_path() {
  program sbatch <<<"$NODES"
  mkdir "$A/phys" "$A/net"; chown rl-lab: "$A/phys"
  ln -s "$A/phys" "$A/net/work"
  WORK=$A/net/work site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  ticks_until_over 120
  if [[ $(show status) == completed ]]; then right "$(how), started in $(tail -n 1 "$A/marks/work" | sed "s,$A,,; s,/s/.*,,")"
  else wrong "$(how) of a job in $(tail -n 1 "$A/marks/work" | sed "s,$A,,; s,/s/.*,,"): $(show hint | cut -c1-60)"; fi
}

# a working_dir that no node has
attack_login_node_only() {
  program sbatch <<<"$NODES"
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  ticks_until_over 150
  if grep -q 'shared with the nodes' <<<"$(show hint)"; then right "$(how): $(show hint | cut -c1-60)"; else wrong "$(how): $(show hint | cut -c1-60)"; fi
}

# a file system without symbolic links
attack_no_links() {
  program ln <<<'echo "ln: failed to create symbolic link: Function not implemented" >&2; exit 1'
  site slurm ATTACK=none
  local checked=0
  rl cluster check >>"$A/log" 2>&1 || checked=$?
  run_sprint 'an idea' || return 1
  tick; tick
  if [[ $(show status) == failed && $(show reason) == submit_failed && $checked == 1 ]] && grep -q 'symbolic link' <<<"$(show error)"; then right "$(how); cluster check: $checked"
  else wrong "$(how); cluster check: $checked; $(show note | cut -c1-80)"; fi
}

# a folder for the database where file locks fail, in four ways
attack_no_locks() {
  command -v cc >/dev/null || { wrong 'there is no C compiler to try it'; return; }
  cc -o "$A/bin/nolock" "$ROOT/repo/tests/harness/nolock.c" && chmod 755 "$A/bin/nolock" || return 1
  site local ATTACK=none
  local errno said seen=() bad=0
  for errno in 38 37 95; do
    said=$(as rl-lab "$A/bin/nolock" "$errno" "$BIN" sprint list 2>&1)
    seen+=("$errno: $(head -n 1 <<<"${said//$A/}" | cut -c1-90)")
    if ! grep -q locks <<<"$said" || ! grep -q db_path <<<"$said"; then bad=1; fi
  done
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }
# own_sshd: one that takes certificates of A/ca only; sets PORT and SSHD. The cluster "c" becomes the host "hpc" of
# the ssh configuration A/ssh_config, which the attack goes on with.
own_sshd() {
  local try
  ssh-keygen -q -t ed25519 -N '' -f "$A/host" && ssh-keygen -q -t ed25519 -N '' -f "$A/ca" || return 1
  for try in 1 2 3 4 5 6 7 8; do
    PORT=$((20000 + RANDOM % 10000))
    printf '%s\n' "Port $PORT" 'ListenAddress 127.0.0.1' "HostKey $A/host" 'PidFile none' 'AuthorizedKeysFile none' "TrustedUserCAKeys $A/ca.pub" \
      'StrictModes no' 'UsePAM no' 'UseDNS no' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no' "SetEnv PATH=$A/bin:$RL_LAB_BIN:/usr/bin:/bin" >"$A/sshd_config"
    /usr/sbin/sshd -D -f "$A/sshd_config" -E "$A/sshd.log" & SSHD=$!
    if within 60 listens; then break; fi
    kill "$SSHD" 2>/dev/null
  done
  printf '[127.0.0.1]:%s %s\n' "$PORT" "$(cut -d' ' -f1,2 "$A/host.pub")" >"$A/known_hosts"
  mkdir -p "$A/home/.ssh/certs"
  ssh-keygen -q -t ed25519 -N '' -f "$A/home/.ssh/cert_key"
  printf '%s\n' 'Host hpc' 'HostName 127.0.0.1' "Port $PORT" 'User rl-lab' 'IdentitiesOnly yes' "UserKnownHostsFile $A/known_hosts" >"$A/ssh_config"
  program ssh <<<'exec /usr/bin/ssh -F "$A/ssh_config" "$@"'
  site slurm ATTACK=none
  sed -i 's/^host = .*/host = "hpc"/; s/^transport = .*/transport = "ssh"/' "$A/project/researchloop.toml"
}
signed() { # VALIDITY: signs the key, and puts the certificate where a site's tool does
  ssh-keygen -q -s "$A/ca" -I me -n rl-lab -V "$1" "$A/home/.ssh/cert_key.pub" && mv "$A/home/.ssh/cert_key-cert.pub" "$A/home/.ssh/certs/site-cert.pub" && chown -R rl-lab: "$A/home/.ssh"
}
checked() { rl cluster check 2>&1 | grep -E 'connection|cannot|expired|left out' | head -n 1 | sed "s,$A,,g" | cut -c1-150; }

# a certificate that lies where CertificateFile says
attack_certificate_file() {
  own_sshd && signed always:forever || return 1
  printf '%s\n' 'IdentityFile ~/.ssh/cert_key' 'CertificateFile ~/.ssh/certs/site-cert.pub' >>"$A/ssh_config"
  local said; said=$(checked); kill "$SSHD"
  if [[ $said == *ok*connection* ]]; then right "$said"; else wrong "$said"; fi
}

# the same in words that ssh fills in: tokens and variables
attack_path_tokens() {
  own_sshd && signed always:forever || return 1
  printf '%s\n' 'IdentityFile "%d/.ssh/ce${TOKEN}_key"' 'CertificateFile ~/.ssh/%n-%r-%p-%u-%C.pub' >>"$A/ssh_config"
  local hash; hash=$(printf '%s' "$(uname -n)127.0.0.1${PORT}rl-lab" | sha1sum)
  mv "$A/home/.ssh/certs/site-cert.pub" "$A/home/.ssh/hpc-rl-lab-$PORT-rl-lab-${hash%% *}.pub"
  local said; as rl-lab TOKEN=rt "$BIN" cluster check >"$A/told" 2>&1
  said=$(grep -m1 connection "$A/told" | sed "s,$A,,g" | cut -c1-150); cat "$A/told" >>"$A/log"; kill "$SSHD"
  if [[ $said == *ok*connection* ]]; then right "$said"; else wrong "$said"; fi
}

# a certificate that was good until yesterday
attack_expired() {
  own_sshd && signed 20240101Z:20240102Z || return 1
  printf '%s\n' 'IdentityFile ~/.ssh/cert_key' 'CertificateFile ~/.ssh/certs/site-cert.pub' >>"$A/ssh_config"
  local said; said=$(rl cluster check 2>&1); kill "$SSHD"
  if grep -q 'expired at 2024-01-02' <<<"$said"; then right "$(grep -o 'certificate [^ ]*: it expired at [^ :]*' <<<"${said//$A/}" | head -n 1)"; else wrong "$(grep -m1 connection <<<"${said//$A/}" | cut -c1-150)"; fi
}

# a key that is named and cannot be used
attack_left_out() {
  own_sshd || return 1
  mkdir "$A/home/.ssh/folder"; chown -R rl-lab: "$A/home/.ssh"
  printf '%s\n' 'IdentityFile ~/.ssh/folder' 'IdentityFile ~/.ssh/missing' >>"$A/ssh_config"
  local said; said=$(rl cluster check 2>&1 | tr '\n' ' '); kill "$SSHD"
  said=${said//$A/}
  if grep -q 'folder' <<<"$said" && grep -q missing <<<"$said"; then right "${said#*;}"; else wrong "${said#*;}"; fi
}
