%% Cowboy as a server, Gun as a client: erl -run erlang_peer main server|client URL
-module(erlang_peer).
-export([main/1, init/2, websocket_init/1, websocket_handle/2, websocket_info/2, terminate/3]).

protocols() -> [list_to_binary(Name) || Name <- string:tokens(os:getenv("PROTOCOLS", ""), ",")].
limit() -> list_to_integer(os:getenv("LIMIT")).

main(["server"]) ->
    {ok, _} = application:ensure_all_started(cowboy),
    Dispatch = cowboy_router:compile([{'_', [{'_', ?MODULE, none}]}]),
    {ok, _} = cowboy:start_clear(peer, [{ip, {127, 0, 0, 1}}, {port, 0}], #{env => #{dispatch => Dispatch}}),
    io:format("port ~b~n", [ranch:get_port(peer)]),
    timer:sleep(infinity);
main(["client", Url]) ->
    {ok, _} = application:ensure_all_started(gun),
    #{port := Port} = uri_string:parse(Url),
    dial(Port).

%% Gun

dial(Port) ->
    {ok, Gun} = gun:open("127.0.0.1", Port, #{retry => 0}),
    case gun:await_up(Gun, 5000) of
        {ok, _} ->
            Options = case [{Name, gun_ws_h} || Name <- protocols()] of
                [] -> #{compress => true};
                Names -> #{compress => true, protocols => Names}
            end,
            gun:ws_upgrade(Gun, "/", [], Options),
            talk(Gun, <<>>);
        _ -> timer:sleep(200)
    end,
    gun:close(Gun),
    dial(Port).

talk(Gun, Protocol) ->
    receive
        {gun_upgrade, Gun, _, _, Headers} ->
            talk(Gun, proplists:get_value(<<"sec-websocket-protocol">>, Headers, <<>>));
        {gun_response, Gun, _, _, _, _} -> ok;
        {gun_ws, Gun, _, {close, Code, Reason}} -> told(Code, Reason), gone(Gun);
        {gun_ws, Gun, _, close} -> told(1005, <<>>), gone(Gun);
        {gun_ws, Gun, _, Frame} ->
            [gun:ws_send(Gun, One) || One <- told_of_pongs(answer(Frame, Protocol))],
            talk(Gun, Protocol);
        {gun_down, Gun, _, _, _, _} -> told(1006, <<>>);
        {gun_error, Gun, _, _} -> told(1006, <<>>);
        {gun_error, Gun, _} -> told(1006, <<>>)
    end.

%% It is not told of the pongs that its pings bring.
told_of_pongs([{ping, _}]) -> [{text, <<"can't">>}];
told_of_pongs(Frames) -> Frames.

%% Until TCP has ended, for Gun answers a Close frame by itself.
gone(Gun) ->
    receive
        {gun_down, Gun, _, _, _, _} -> ok
    after 1000 -> ok
    end.

%% Cowboy

init(Request, _) ->
    Offered = cowboy_req:parse_header(<<"sec-websocket-protocol">>, Request, []),
    Options = #{compress => true, max_frame_size => limit(), idle_timeout => infinity},
    case [Name || Name <- protocols(), lists:member(Name, Offered)] of
        [Chosen | _] ->
            Answer = cowboy_req:set_resp_header(<<"sec-websocket-protocol">>, Chosen, Request),
            {cowboy_websocket, Answer, Chosen, Options};
        [] -> {cowboy_websocket, Request, <<>>, Options}
    end.

websocket_init(Protocol) -> {[], Protocol}.

websocket_handle(Frame, Protocol) ->
    {answer(Frame, Protocol), Protocol}.

websocket_info(_, Protocol) -> {[], Protocol}.

terminate({remote, Code, Reason}, _, _) -> told(Code, Reason);
terminate(remote, _, _) -> told(1005, <<>>);
terminate(_, _, _) -> told(1006, <<>>).

%% Both

told(Code, Reason) -> io:format("closed ~b ~ts~n", [Code, Reason]).

answer({text, <<"!", Text/binary>>}, Protocol) ->
    case binary:split(Text, <<" ">>) of
        [<<"close">>] -> [close];
        [<<"close">>, Rest] ->
            [Code | Reason] = binary:split(Rest, <<" ">>),
            [{close, binary_to_integer(Code), iolist_to_binary(Reason)}];
        [<<"ping">>, Data] -> [{ping, Data}];
        [<<"protocol">>] -> [{text, Protocol}];
        _ -> [{text, <<"can't">>}]
    end;
answer({pong, <<>>}, _) -> [];
answer({pong, Data}, _) -> [{text, <<"pong ", Data/binary>>}];
answer({Kind, Data}, _) when Kind =:= text; Kind =:= binary -> [{Kind, Data}];
answer(_, _) -> [].
