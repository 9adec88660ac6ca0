# shellcheck shell=bash
# The accounts, the client's keys and one private sshd. Sourced by "up".

put() {      # put USER FILE: standard input becomes that user's file
  local home; home=$(getent passwd "$1" | cut -d: -f6)
  cat >"$home/$2"; chown "$1:" "$home/$2"
}

make_users() {
  local u gecos
  for u in "${LAB_USERS[@]}"; do
    if gecos=$(getent passwd "$u" | cut -d: -f5) && [[ -n $gecos ]]; then
      [[ $gecos == "$LAB_GECOS" ]] || die "the account $u exists and is not this lab's ($gecos)"
    else
      # the password "*" fits nothing; useradd's own "!" would mean "locked", and sshd refuses even the key
      local shell=/bin/bash; if [[ $u == rl-lab-tcsh ]]; then shell=/bin/tcsh; fi
      useradd -m -s "$shell" -c "$LAB_GECOS" -p '*' "$u"
    fi
  done

  # A login shell sets PATH anew (/etc/profile): put our wrappers first again.
  local first="PATH=$STATE/bin:\$PATH"
  for u in rl-lab "${OWN_USERS[@]}"; do
    echo "$first" | put "$u" .bash_profile
    : | put "$u" .bashrc
  done
  # A site that talks to everybody, also to non-interactive shells, and once in a number.
  printf '%s\n' "$first" '. ~/.bashrc' | put rl-lab-noisy .bash_profile
  put rl-lab-noisy .bashrc <<'RC'
echo "*** Welcome to the cluster ***"
echo "Disk quota of /home: 93% used, please clean up"
echo 4711
echo "bashrc: warning: module system not loaded" >&2
echo "bashrc: see https://example.org/news" >&2
RC
  put rl-lab-tcsh .cshrc <<'RC'
echo "*** This is tcsh ***"
echo "Quota: 12 GB of 20 GB"
RC
  echo "setenv PATH $STATE/bin:\$PATH" | put rl-lab-tcsh .login
}

make_keys() {
  mkdir -p "$STATE/client" "$STATE/sshd" "$STATE/bin"
  [[ -s $STATE/client/id ]]  || ssh-keygen -q -t ed25519 -N '' -C rl-lab -f "$STATE/client/id"
  [[ -s $STATE/client/id2.passphrase ]] || echo 'open-sesame-7' >"$STATE/client/id2.passphrase"
  [[ -s $STATE/client/id2 ]] || ssh-keygen -q -t ed25519 -N "$(<"$STATE/client/id2.passphrase")" -C rl-lab-2 -f "$STATE/client/id2"
  [[ -s $STATE/sshd/host_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C rl-lab-host -f "$STATE/sshd/host_ed25519"
  [[ -s $STATE/sshd/host_rsa ]]     || ssh-keygen -q -t rsa -b 2048 -N '' -C rl-lab-host -f "$STATE/sshd/host_rsa"
  cat "$STATE"/client/id.pub "$STATE"/client/id2.pub >"$STATE/sshd/authorized_keys"
  cut -d' ' -f1,2 "$STATE"/sshd/host_*.pub | sed "s/^/[127.0.0.1]:$PORT_SSH /" >"$STATE/client/known_hosts"
}

# calls.log counts what was really asked of the batch system, and by whom; fail-NAME.USER and slow-NAME.USER
# make it misbehave for that user.
# wrap DIRECTORY PROGRAM...
wrap() {
  local dir=$1 p; shift
  for p in "$@"; do
    cat >"$STATE/bin/$p.new" <<WRAPPER
#!/bin/bash
{ printf '%(%s)T %s %s %s\n' -1 $p "\${USER:-?}" "\${*//\$'\n'/ }" >>$STATE/calls.log; } 2>/dev/null
if [[ -e $STATE/bin/slow-$p.\$USER ]]; then sleep "\$(<"$STATE/bin/slow-$p.\$USER")"; fi
if [[ -e $STATE/bin/fail-$p.\$USER ]]; then { read -r code; cat >&2; exit "\$code"; } <"$STATE/bin/fail-$p.\$USER"; fi
exec $dir/$p "\$@"
WRAPPER
    chmod 755 "$STATE/bin/$p.new"; mv -f "$STATE/bin/$p.new" "$STATE/bin/$p"
  done
}

up_ssh() {
  make_users
  make_keys
  [[ -e $STATE/calls.log ]] || : >"$STATE/calls.log"
  chmod 666 "$STATE/calls.log"      # every user's wrapper appends to it
  if alive sshd; then return; fi
  port_free "$PORT_SSH"
  mkdir -p /run/sshd                # sshd refuses to start without it, and without systemd nobody makes it
  # StrictModes: authorized_keys is below /tmp, which everybody may write to. SetEnv is honoured once: one line.
  cat >"$STATE/sshd/config" <<CONF
Port $PORT_SSH
ListenAddress 127.0.0.1
HostKey $STATE/sshd/host_ed25519
HostKey $STATE/sshd/host_rsa
PidFile none
AuthorizedKeysFile $STATE/sshd/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AllowUsers ${LAB_USERS[*]}
UseDNS no
PrintMotd no
PrintLastLog no
LogLevel VERBOSE
MaxSessions 100
MaxStartups 200:30:400
Subsystem sftp /usr/lib/openssh/sftp-server
SetEnv PATH=$STATE/bin:/usr/local/bin:/usr/bin:/bin SLURM_CONF=$SLURM_CONF ${SGE_VARS[*]}
CONF
  start sshd /usr/sbin/sshd -D -e -f "$STATE/sshd/config"
  until_ok 10 port_open "$PORT_SSH" || { logs "$STATE/log/sshd.log"; die "sshd"; }
}
