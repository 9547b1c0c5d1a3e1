# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of thunderlake(1) for bash. What can change is asked of the program itself.

# The long options of `thunderlake run`, each followed by = where it takes a value.
_thunderlake_run_options() {
	"$1" run --help 2>/dev/null |
		sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\)\(\[\{0,1\}=\{0,1\}\).*/\2\3/p' |
		sed 's/\[=$//'
}

_thunderlake_device_types() {
	"$1" run --device help 2>/dev/null | sed -n 's/^  \([a-z0-9-]*\) .*/\1/p'
}

_thunderlake_display_types() {
	"$1" run --display help 2>/dev/null | sed -n '/^  auto /d; /^  off /d; s/^  \([a-z0-9-]*\) .*/\1/p'
}

_thunderlake_audio_types() {
	"$1" run --audio help 2>/dev/null | sed -n '/^  auto /d; /^  off /d; s/^  \([a-z0-9-]*\) .*/\1/p'
}

_thunderlake_images() { # PROGRAM [guest|disc]
	"$1" image list 2>/dev/null | awk -v kind="${2-}" 'NR > 1 && (kind == "" || $2 == kind) { print $1 }'
}

_thunderlake_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}

_thunderlake_files() {
	compopt -o filenames
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
}

_thunderlake_run() {
	case $prev in
	--kernel | --initrd | --config | --disk | --record) _thunderlake_files ;;
	--on-reboot | --on-panic | --on-poweroff) _thunderlake_words 'restart pause exit' ;;
	--display) _thunderlake_words "auto off help $(_thunderlake_display_types "$1")" ;;
	--disc) _thunderlake_words 'none help' && _thunderlake_files ;;
	--sound) _thunderlake_words 'auto virtio hda off help' ;;
	--audio) _thunderlake_words "auto off help $(_thunderlake_audio_types "$1")" ;;
	--clipboard) _thunderlake_words 'both to-guest to-host off' ;;
	--serial | --console) _thunderlake_words 'stdio pty none file: unix:' ;;
	--net) _thunderlake_words 'user tap none' ;;
	--device) _thunderlake_words "help $(_thunderlake_device_types "$1")" ;;
	*)
		if [[ $cur == -* ]]; then
			_thunderlake_words "$(_thunderlake_run_options "$1")"
		else
			_thunderlake_words "$(_thunderlake_images "$1" guest)"
			_thunderlake_files
		fi
		;;
	esac
}

_thunderlake_ctl_actions() {
	"$1" ctl --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

# The options of the action $2.
_thunderlake_ctl_options() {
	"$1" ctl --help 2>/dev/null | awk -v action="$2" '
		/^  [a-z]/ { on = $1 == action }
		on && /^    --/ { sub(/=.*/, "=", $1); print $1 }'
}

_thunderlake_ctl() {
	local word words=()

	# The machine's name, then the action.
	for word in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
		[[ $word == -* || $word == = ]] || words+=("$word")
	done
	case ${#words[@]},$cur in
	0,-* | 1,-*) _thunderlake_words '--json --names --help' ;;
	0,*) _thunderlake_words "$("$1" ctl --names 2>/dev/null)" ;;
	1,*) _thunderlake_words "$(_thunderlake_ctl_actions "$1")" ;;
	*,-*) _thunderlake_words "--json $(_thunderlake_ctl_options "$1" "${words[1]}")" ;;
	*)
		case ${words[1]},$prev in
		audio,audio) _thunderlake_words 'stats expect jack' ;;
		audio,jack) _thunderlake_words 'in out' ;;
		audio,in | audio,out) _thunderlake_words 'line-out microphone' ;;
		clipboard,clipboard) _thunderlake_words 'get set' ;;
		disc,disc) _thunderlake_words 'status insert swap eject open close model' ;;
		disc,insert | disc,swap) _thunderlake_files ;;
		disc,--kind) _thunderlake_words 'cd-rom dvd-rom dvd-r auto' ;;
		device,device) _thunderlake_words 'add del list' ;;
		device,add) _thunderlake_words "$(_thunderlake_device_types "$1")" ;;
		device,*file) _thunderlake_files ;;
		link,link) COMPREPLY=() ;;
		click,*) ((${#words[@]} != 4)) || _thunderlake_words 'left right middle double none' ;;
		link,*) _thunderlake_words 'up down' ;;
		screenshot,* | record,* | clipboard,get | *,--image | *,--mask | *,--difference)
			_thunderlake_files
			;;
		esac
		;;
	esac
}

_thunderlake() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	# Bash splits words at '=': "--net=us" arrives as three.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_thunderlake_words 'run ctl image doctor --help --version'
		return
	fi
	case ${COMP_WORDS[1]} in
	run) _thunderlake_run "$1" ;;
	ctl) _thunderlake_ctl "$1" ;;
	doctor) _thunderlake_words '--json --help' ;;
	image)
		if ((COMP_CWORD == 2)); then
			_thunderlake_words 'build list show path --help'
		else
			_thunderlake_words "$(_thunderlake_images "$1") --output= --force --help"
		fi
		;;
	esac
}

complete -F _thunderlake thunderlake
