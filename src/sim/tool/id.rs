use crate::sim::{
    Caller, Mac, Running,
    permission::{group_name, groups},
};

/// `id` with `-u`, `-g`, `-G` and `-n`, for the caller (docs/mac-facts.md#admin-group).
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let flags: String = arguments.iter().map(|word| word.trim_start_matches('-')).collect();
    if arguments.iter().any(|word| !word.starts_with('-')) || !flags.chars().all(|c| "ugGn".contains(c)) {
        return Running::failed(
            1,
            "usage: id [user]\n       id -G [-n] [user]\n       id -g [-nr] [user]\n       id -u [-nr] [user]\n",
        );
    }
    let own = groups(caller.uid, mac.is_admin());
    let named = flags.contains('n');
    let user = mac.user_name(caller.uid);
    let group = |gid: u32| group_name(gid).map_or_else(|| gid.to_string(), str::to_owned);
    let shown = |gid: u32| if named { group(gid) } else { gid.to_string() };
    let primary = own.first().copied().unwrap_or(0);
    let text = match flags.replace('n', "").as_str() {
        "u" if named => user,
        "u" => caller.uid.to_string(),
        "g" => shown(primary),
        "G" => own.into_iter().map(shown).collect::<Vec<_>>().join(" "),
        "" => {
            let all: Vec<String> = own.iter().map(|&gid| format!("{gid}({})", group(gid))).collect();
            format!("uid={}({user}) gid={primary}({}) groups={}", caller.uid, group(primary), all.join(","))
        }
        _ => return Running::failed(1, "id: specify only one of -u, -g, -G\n"),
    };
    Running::printed(text + "\n")
}

#[cfg(test)]
mod tests {
    use crate::sim::{
        Caller,
        testing::{exec, exec_as, sim},
    };

    #[test]
    fn the_first_user_is_501_of_staff_and_admin() {
        let sim = sim();
        assert_eq!(exec(&sim, "id -u").stdout, "501\n");
        assert_eq!(exec(&sim, "id -un").stdout, "lab\n");
        assert!(exec(&sim, "id -G").stdout.starts_with("20 12 61 79 80 "));
        assert!(exec(&sim, "id -Gn").stdout.starts_with("staff everyone localaccounts _appserverusr admin "));
        assert_eq!(exec_as(&sim, Caller::user(true).root(), "id -un").stdout, "root\n");
        assert_eq!(exec(&sim, "id -x").code, 1);
    }
}
